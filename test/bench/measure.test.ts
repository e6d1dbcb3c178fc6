import { expect, test } from "vitest";
import { ratioOf } from "../../bench/measure.js";
import { merged, resultsText } from "../../bench/results.js";
import { oneRatio, ratio, results } from "./results.js";

test("the spread of a ratio is between the quarters of its rounds", () => {
  expect(ratioOf("lower", [5, 1, 4, 2, 3])).toEqual({
    better: "lower",
    median: 3,
    low: 2,
    high: 4,
    rounds: 5,
  });
});

test("new results take the place of those of the same group, and leave the others", () => {
  const older = results({ call: [{ name: "old", figures: {} }], poison: [] });
  const newer = results({ call: [{ name: "new", figures: {} }] });
  expect(merged(older, newer)).toEqual(results({ call: [{ name: "new", figures: {} }], poison: [] }));
});

test("results are kept with four digits, and come back", () => {
  const kept = JSON.parse(resultsText(oneRatio(ratio(1 / 3, 2 / 3))));
  expect(kept.scoring.tables[0].rows[0].ratio).toEqual({
    better: "higher",
    median: 0.3333,
    low: 0,
    high: 0.6667,
    rounds: 5,
  });
});
