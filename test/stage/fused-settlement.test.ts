import { pipe, reject, routeTo, TooManyRejectedError } from "slither-ts";
import { expect, test } from "vitest";
import { RecordRejectedError } from "../../src/errors/rejected.js";
import { StageFailure } from "../../src/stage/contract.js";
import { FusedSettlement } from "../../src/stage/fused-settlement.js";
import type { Item } from "../../src/stage/item.js";
import { PassingItem } from "../../src/stage/passing-item.js";
import { item } from "./context.js";
import { type GroupStand, groupStand } from "./group.js";

const CALLED = { module: "model", function: "same" };
const [FIRST, TAP, SECOND] = [0, 1, 2];
const broken = new Error("broken");

const group = pipe<number>("p")
  .python<number>("first", CALLED)
  .tap("note", () => {})
  .python<number>("second", CALLED)
  .onError("*", "reject");

/** The group, which has taken so many items. */
function taken(
  count: number,
  { plan }: { plan: typeof group.plan } = group,
): GroupStand & { settlement: FusedSettlement } {
  const stand = groupStand(plan);
  stand.contexts[0]?.books.entered(count);
  return Object.assign(stand, { settlement: new FusedSettlement(stand.contexts) });
}

/** What each stage has in its books: in, out, rejected. */
function booksOf({ books }: GroupStand): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(books).map(([name, book]) => [name, [book.in, book.out, book.rejected]]),
  );
}

test("what has come through all stages is in the books of each", () => {
  const stand = taken(2);
  stand.settlement.done(item(1));
  stand.settlement.done(item(2));
  expect(stand.settlement.close().map(({ payload }) => payload)).toEqual([1, 2]);
  expect(booksOf(stand)).toEqual({ first: [2, 2, 0], note: [2, 2, 0], second: [2, 2, 0] });
});

test.each([
  [FIRST, { first: [1, 0, 1], note: [0, 0, 0], second: [0, 0, 0] }],
  [TAP, { first: [1, 1, 0], note: [1, 0, 1], second: [0, 0, 0] }],
  [SECOND, { first: [1, 1, 0], note: [1, 1, 0], second: [1, 0, 1] }],
])("what failed in the stage at %i came through those before, and not to those behind", (member, books) => {
  const stand = taken(1);
  stand.settlement.fails(item(1), broken, { kind: "reject" }, 1, member);
  expect(stand.settlement.close()).toEqual([]);
  expect(booksOf(stand)).toEqual(books);
});

test.each([
  [FIRST, "first"],
  [TAP, "note"],
  [SECOND, "second"],
])("what was set aside in the stage at %i is a rejection of that stage", (member, stage) => {
  const stand = taken(1);
  stand.settlement.rejects(item(1), new RecordRejectedError("no label"), 1, member);
  stand.settlement.close();
  expect(stand.rejections).toMatchObject([{ stage, reason: "no label", payload: 1 }]);
  expect(stand.books[stage]?.rejected).toBe(1);
});

test("a failure says who was given its payload, where that is an earlier stage", () => {
  const stand = taken(2);
  for (const member of [FIRST, SECOND])
    stand.settlement.fails(item(member), broken, { kind: "reject" }, 1, member);
  expect(stand.rejections.map(({ stage, entry, payload }) => [stage, entry, payload])).toEqual([
    ["first", undefined, FIRST],
    ["second", "first", SECOND],
  ]);
  expect(stand.rejections[0]).not.toHaveProperty("entry");
});

test("what goes on, and what passes by, come in the order in which they were put down", () => {
  const stand = taken(3);
  const passing = PassingItem.to(item("elsewhere"), 7);
  stand.settlement.done(item(1));
  stand.settlement.passes(passing);
  stand.settlement.fails(item(2), broken, { kind: "reject" }, 1, SECOND);
  stand.settlement.done(item(3));
  expect(stand.settlement.close().map(({ payload }) => payload)).toEqual([1, "elsewhere", 3]);
  expect(booksOf(stand)).toEqual({ first: [3, 3, 0], note: [3, 3, 0], second: [3, 2, 1] });
});

test("what the first stage sends to an output leaves there, and never was in the others", () => {
  const routed = pipe<number>("p")
    .python<number>("first", CALLED)
    .python<number>("second", CALLED)
    .onError("*", "reject")
    .onError("first", routeTo("late"));
  const stand = taken(1, routed);
  stand.settlement.fails(item(1), broken, { kind: "routeTo", route: "late" }, 1, FIRST);
  const [left] = stand.settlement.close() as [Item];
  expect(left).toMatchObject({ route: "late", failure: { stage: "first", error: broken } });
  expect(PassingItem.placeOf(left)).toBe(Number.POSITIVE_INFINITY);
  expect(stand.books).toMatchObject({ first: { out: 1, leftEarly: 1 }, second: { in: 0 } });
});

test("each chunk begins empty", () => {
  const stand = taken(2);
  stand.settlement.done(item(1));
  stand.settlement.close();
  stand.settlement.fails(item(2), broken, { kind: "reject" }, 1, SECOND);
  expect(stand.settlement.close()).toEqual([]);
  expect(stand.settlement.close()).toEqual([]);
  expect(booksOf(stand)).toEqual({ first: [2, 2, 0], note: [2, 2, 0], second: [2, 1, 1] });
});

test.each([
  ["first", FIRST],
  ["second", SECOND],
] as const)(
  "one more than %s may reject ends that stage, and has come to no end anywhere",
  (name, member) => {
    const stand = taken(2, group.onError(name, reject({ max: 1 })));
    stand.settlement.fails(item(1), broken, { kind: "reject" }, 1, member);
    let thrown: unknown;
    try {
      stand.settlement.fails(item(2), broken, { kind: "reject" }, 1, member);
    } catch (error) {
      thrown = error;
    }
    stand.settlement.close();
    expect(thrown).toBeInstanceOf(StageFailure);
    expect(thrown).toMatchObject({ stage: name, cause: { max: 1, stage: name } });
    expect((thrown as StageFailure).cause).toBeInstanceOf(TooManyRejectedError);
    expect(stand.stops).toEqual([(thrown as StageFailure).cause]);
    const came = Object.values(stand.books).map((book) => book.in - book.out - book.rejected);
    // The second one is still in the hands of the first stage.
    expect(came).toEqual([1, 0, 0]);
  },
);
