import { expect, test } from "vitest";
import { reachedSteps } from "../../src/stage/reached-steps.js";

/** Which of three steps were reached by a batch of two, whose records left in these. */
function reached(steps: readonly number[], entering?: number): number[] {
  const left = steps.map((step, index) => ({ index, step, why: "no label" }));
  return [0, 1, 2].filter(reachedSteps({ left }, 2, entering));
}

test("where a record comes through, all steps were reached", () => {
  expect(reached([0])).toEqual([0, 1, 2]);
});

test("where all records leave, no step behind the last of them was reached", () => {
  expect(reached([0, 1])).toEqual([0, 1]);
});

test("where all records come in behind the first step, that was not reached", () => {
  expect(reached([], 2)).toEqual([1, 2]);
});

test("where some records come in behind the first step, that was reached by the others", () => {
  expect(reached([], 1)).toEqual([0, 1, 2]);
});
