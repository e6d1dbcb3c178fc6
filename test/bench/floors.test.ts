import { expect, test } from "vitest";
import { judgedFloors } from "../../bench/floors.js";
import { kept } from "../../bench/kept.js";
import { rowsOf } from "../../bench/results.js";
import { ratio, results } from "./results.js";

const judged = (groups: Parameters<typeof results>[0], row: string) =>
  judgedFloors(results(groups)).find((floor) => floor.row === row);

test("a floor is met at its bound", () => {
  const rows = [{ name: "1 session, batch 100", figures: {}, ratio: ratio(0.6) }];
  expect(judged({ scoring: rows }, "1 session, batch 100")).toMatchObject({ value: 0.6, met: true });
});

test("a floor is not met below its bound", () => {
  const rows = [{ name: "1 session, batch 100", figures: {}, ratio: ratio(0.59) }];
  expect(judged({ scoring: rows }, "1 session, batch 100")).toMatchObject({ value: 0.59, met: false });
});

test("a floor for which nothing was measured is not met", () => {
  expect(judged({}, "session.call, on one core")).toMatchObject({ value: undefined, met: false });
});

test("a floor can be of a figure", () => {
  const rows = [{ name: "Python", figures: { growth: 61 } }];
  expect(judged({ memory: rows }, "Python")).toMatchObject({ value: 61, met: false });
});

test.each([
  ["higher", 1.01, true],
  ["higher", 0.99, false],
  ["lower", 0.99, true],
  ["lower", 1.01, false],
] as const)("beside a peer, when %s is better, %d is ahead: %s", (better, value, met) => {
  const rows = [{ name: "batch 100, FastAPI", figures: {}, ratio: ratio(value, 0, better) }];
  expect(judged({ peers: rows }, "batch 100, FastAPI")).toMatchObject({ value, met });
});

test("a floor that may be a share of the limit as well is met by either", () => {
  const row = "columns, batch 1000";
  const columns = (pipe: number, share: number) => [{ name: row, figures: { pipe }, ratio: ratio(share) }];
  expect(judged({ columns: columns(1_500, 0.1) }, row)).toMatchObject({ met: true });
  expect(judged({ columns: columns(900, 0.5) }, row)).toMatchObject({ met: true });
  expect(judged({ columns: columns(900, 0.49) }, row)).toMatchObject({ met: false });
});

test("every floor is of a row that is measured", () => {
  const results = kept();
  expect(judgedFloors(results).filter(({ group, value }) => group in results && value === undefined)).toEqual(
    [],
  );
});

test("no two rows of a group have the same name", () => {
  for (const group of Object.values(kept())) {
    const names = rowsOf(group).map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  }
});
