// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { expect, test } from "vitest";
import { RecordRejectedError } from "../../src/errors/rejected.js";
import { TooManyRejectedError } from "../../src/run/ledger.js";
import { type Directions, failure, type StageFailure } from "../../src/stage/contract.js";
import { PassingItem } from "../../src/stage/passing-item.js";
import { reject, retry } from "../../src/stage/policy.js";
import { routeTo } from "../../src/stage/results.js";
import { Settlement } from "../../src/stage/settlement.js";
import { alone, item, stand } from "./context.js";

const broken = new Error("broken");

test("what goes on comes in the order in which it was put down, and only the stage's own is counted", () => {
  const { context } = stand();
  const settlement = new Settlement(context);
  settlement.done(item(1));
  settlement.passes(item(2));
  settlement.leaves(item(3), "late");
  expect(settlement.close().map(({ payload }) => payload)).toEqual([1, 2, 3]);
  expect(context.books.counts).toMatchObject({ out: 2, leftEarly: 1 });
});

/** The directions of a stage of the branch `low`, the second of ten. */
const inBranch: Directions = {
  line: "low",
  next: 2,
  onward: 7,
  to: (output) => (output === "near" ? 2 : 5),
};

test("what goes to the stage right behind needs no place; what passes others by has that of the stage it goes to", () => {
  const { context } = stand({ directions: inBranch });
  const settlement = new Settlement(context);
  settlement.done(item(1, { route: "low" }));
  settlement.routed(item(2, { route: "low" }), "near");
  settlement.routed(item(3, { route: "low" }), "far");
  const settled = settlement.close();
  expect(settled.map(({ route }) => route)).toEqual(["low", "near", "far"]);
  expect(settled.map((each) => PassingItem.placeOf(each))).toEqual([7, undefined, 5]);
});

test("what leaves a branch for `default` goes to the output of the branch", () => {
  const { context } = stand({ directions: inBranch });
  const settlement = new Settlement(context);
  settlement.leaves(item(1, { route: "low" }), "default");
  expect(settlement.close()).toMatchObject([{ route: "low" }]);
});

test("an item that failed before keeps its failure wherever it is sent", () => {
  const { context } = stand();
  const settlement = new Settlement(context);
  const failed = failure(alone("before"), broken, 1, 0);
  settlement.routed(item(1, { failure: failed }), "late");
  settlement.leaves(item(2, { failure: failed }), "late");
  expect(settlement.close().map((each) => each.failure)).toEqual([failed, failed]);
});

test("each chunk begins empty", () => {
  const { context } = stand();
  const settlement = new Settlement(context);
  settlement.done(item(1));
  settlement.close();
  expect(settlement.close()).toEqual([]);
  expect(context.books.counts.out).toBe(1);
});

test("a failure that is to be rejected is, with everything that is known of it", () => {
  const { context, rejections } = stand();
  const settlement = new Settlement(context);
  settlement.fails(item(1, { id: 7, meta: { seen: true } }), broken, { kind: "reject" }, 3);
  expect(settlement.close()).toEqual([]);
  expect(rejections).toMatchObject([
    { id: 7, payload: 1, error: broken, attempts: 3, stage: "stage", meta: { seen: true } },
  ]);
});

test("a failure that is to go to an output leaves for it, with what failed and what the stage was given", () => {
  const { context, rejections } = stand();
  const settlement = new Settlement(context);
  settlement.fails(item(1), broken, { kind: "routeTo", route: "late" }, 3);
  const [left] = settlement.close();
  expect(left).toMatchObject({
    payload: 1,
    route: "late",
    failure: { stage: "stage", reason: "broken", error: broken, attempts: 3 },
  });
  expect(rejections).toEqual([]);
  expect(context.books.counts).toMatchObject({ out: 1, leftEarly: 1, rejected: 0 });
});

test("a decision of the pipe's own code is a rejection, although failures go to an output", () => {
  const { context, rejections } = stand({ policy: routeTo("late") });
  new Settlement(context).rejects(item(1), new RecordRejectedError("under age"), 1);
  expect(rejections).toMatchObject([{ reason: "under age", attempts: 1 }]);
});

test.each([reject({ max: 1 }), retry({ then: reject({ max: 1 }) })])(
  "one rejection more than the policy allows ends the stage, and is not counted",
  (policy) => {
    const { context, stops } = stand({ policy });
    const settlement = new Settlement(context);
    settlement.fails(item(1), broken, { kind: "reject" }, 1);
    let thrown: unknown;
    try {
      settlement.rejects(item(2), new RecordRejectedError("also"), 1);
    } catch (error) {
      thrown = error;
    }
    const { cause } = thrown as StageFailure;
    expect(cause).toBeInstanceOf(TooManyRejectedError);
    expect(cause).toMatchObject({ max: 1, stage: "stage" });
    expect(stops).toEqual([cause]);
    expect(context.books.counts.rejected).toBe(1);
  },
);
