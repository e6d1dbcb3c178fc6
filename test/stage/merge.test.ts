import { expect, test } from "vitest";
import { END } from "../../src/plan/topology.js";
import { failure } from "../../src/stage/contract.js";
import { mergeOperator } from "../../src/stage/merge.js";
import { PassingItem } from "../../src/stage/passing-item.js";
import { drained } from "../dispatch/chunks.js";
import { alone, item, stand } from "./context.js";

async function* oneChunk(items: readonly ReturnType<typeof item>[]) {
  yield items;
}

test("a merge puts what comes from outputs on its line, in the order in which it came", async () => {
  const { context } = stand({ directions: { line: "low", next: END, onward: END, to: () => END } });
  const items = [item(1, { route: "low" }), item(2, { route: "high" }), item(3, { route: "even" })];
  const { values } = await drained(mergeOperator(context)(oneChunk(items)));
  expect(values.flat().map(({ payload, route }) => [payload, route])).toEqual([
    [1, "low"],
    [2, "low"],
    [3, "low"],
  ]);
});

test("what passes a merge by stays what it is", async () => {
  const { context } = stand();
  const passing = PassingItem.to(item(1, { route: "high" }), END);
  const { values } = await drained(mergeOperator(context)(oneChunk([passing])));
  expect(values.flat()).toEqual([passing]);
  expect(context.books.counts.out).toBe(0);
});

test("a record that failed before keeps its failure in a merge", async () => {
  const { context } = stand();
  const failed = failure(alone("predict"), new Error("bad"), 1, 1);
  const { values } = await drained(
    mergeOperator(context)(oneChunk([item("guess", { route: "late", failure: failed })])),
  );
  expect(values.flat()).toMatchObject([{ payload: "guess", route: "default", failure: failed }]);
});
