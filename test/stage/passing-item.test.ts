import { expect, test } from "vitest";
import { END } from "../../src/plan/topology.js";
import { failure } from "../../src/stage/contract.js";
import { nodeOperator } from "../../src/stage/node.js";
import { PassingItem } from "../../src/stage/passing-item.js";
import { drained } from "../dispatch/chunks.js";
import { upTo } from "../pipe/inputs.js";
import { alone, item, stand } from "./context.js";

const STAGES = upTo(4);

test("an ordinary item passes no stage by, and is on its way to none in particular", () => {
  const ordinary = item(1);
  expect(STAGES.some((index) => PassingItem.passes(ordinary, index))).toBe(false);
  expect(PassingItem.placeOf(ordinary)).toBeUndefined();
});

test("an item on its way to an output passes every stage by", () => {
  const leaving = PassingItem.to(item(1), END);
  expect(STAGES.every((index) => PassingItem.passes(leaving, index))).toBe(true);
  expect(PassingItem.placeOf(leaving)).toBe(END);
});

test("an item on its way to a stage passes those before it by, and no other", () => {
  const entering = PassingItem.to(item(1), 2);
  expect(STAGES.map((index) => PassingItem.passes(entering, index))).toEqual([true, true, false, false]);
  expect(PassingItem.placeOf(entering)).toBe(2);
});

test("it is the item that it was, with its route and its failure, and nothing that shows what it is", () => {
  const before = item({ n: 1 }, { id: "r-1", meta: { seen: true }, input: "raw" });
  const how = failure(alone("predict"), new Error("bad"), 2, before.payload);
  expect({ ...PassingItem.to({ ...before, failure: how }, END) }).toEqual({ ...before, failure: how });
  expect(Object.keys(PassingItem.to(before, END))).not.toContain("failure");
  expect(PassingItem.to(before, END).meta).toBe(before.meta);
});

test("a stage gives what passes it by on as it is, in its place, and does not count it", async () => {
  const { context } = stand();
  const passing = PassingItem.to(item("early", { id: 1 }), END);
  const stage = {
    kind: "node" as const,
    name: "stage",
    run: (payload: unknown) => (payload as number) * 2,
  };
  async function* upstream() {
    yield [item(1, { id: 0 }), passing, item(3, { id: 2 })];
  }
  const { values } = await drained(nodeOperator(stage, context)(upstream()));
  expect(values.flat().map(({ payload }) => payload)).toEqual([2, "early", 6]);
  expect(values.flat()[1]).toBe(passing);
  expect(context.books.counts).toMatchObject({ out: 2, leftEarly: 0 });
});

test("what passes by a stage that fails is left over, but not by that stage", async () => {
  const { context } = stand();
  const unfinished: unknown[] = [];
  context.books.unfinished = (items) => unfinished.push(...items.map(({ payload }) => payload));
  const stage = {
    kind: "node" as const,
    name: "stage",
    run: () => {
      throw new Error("broken");
    },
  };
  async function* upstream() {
    yield [item(1), PassingItem.to(item("early"), END)];
  }
  await drained(nodeOperator(stage, context)(upstream()));
  expect(unfinished).toEqual([1, "early"]);
});
