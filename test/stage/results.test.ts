import { expect, test } from "vitest";
import { nodeOperator } from "../../src/stage/node.js";
import { type ErrorPolicy, reject, retry } from "../../src/stage/policy.js";
import { filter, many, routeTo } from "../../src/stage/results.js";
import { drained } from "../dispatch/chunks.js";
import { item, stand, through } from "./context.js";
import { noWaits } from "./waits.js";

/** A node stage of this function, in a stand of its own. */
function stageOf(run: (payload: number) => unknown, policy: ErrorPolicy = "halt") {
  const clock = noWaits();
  const stood = stand({ policy, clock });
  const stage = { kind: "node" as const, name: "stage", run: run as (payload: unknown) => unknown };
  return { ...stood, clock, operator: nodeOperator(stage, stood.context) };
}

test.each<ErrorPolicy>(["halt", "reject", routeTo("late"), () => "halt"])(
  "reject(reason) sets the record aside with that reason, whatever the policy (%s)",
  async (policy) => {
    const { operator, rejections } = stageOf((n) => (n === 2 ? reject("two") : n), policy);
    const { payloads, thrown } = await through(operator, [[1, 2, 3]]);
    expect({ payloads, thrown }).toEqual({ payloads: [1, 3], thrown: undefined });
    expect(rejections).toMatchObject([
      { id: 1, payload: 2, reason: "two", attempts: 1, error: { code: "SLITHER_RECORD_REJECTED" } },
    ]);
  },
);

test("a function that rejects at its third try has tried three times", async () => {
  let tries = 0;
  const { operator, rejections, clock } = stageOf(
    () => {
      if (++tries < 3) throw new TypeError("not yet");
      return reject("never");
    },
    retry({ on: [TypeError], backoff: 8, jitter: false }),
  );
  await through(operator, [[1]]);
  expect(rejections).toMatchObject([{ reason: "never", attempts: 3 }]);
  expect(clock.asked).toEqual([8, 16]);
});

test("filter(reason) leaves the record out, and the books have the reason", async () => {
  const { operator, context, rejections } = stageOf((n) => (n % 2 ? n : filter("even")));
  expect((await through(operator, [[1, 2, 3, 4]])).payloads).toEqual([1, 3]);
  expect(context.books.counts).toMatchObject({ out: 2, filtered: 2, rejected: 0 });
  expect(rejections).toEqual([]);
});

test("many(payloads) makes several records of one, in its place and in order", async () => {
  const { operator, context } = stageOf((n) => many([n, n * 10, n * 100]));
  expect((await through(operator, [[1, 2]])).payloads).toEqual([1, 10, 100, 2, 20, 200]);
  expect(context.books.counts).toMatchObject({ expanded: 4, out: 6 });
});

test("the records made of one have its id and a number, its input, and notes of their own", async () => {
  const { operator } = stageOf(() => many(["a", "b"]));
  const meta = { seen: true };
  async function* upstream() {
    yield [item("ab", { id: 7, meta, input: "raw" })];
  }
  const children = (await drained(operator(upstream()))).values.flat();
  expect(children).toEqual([
    { id: "7/0", payload: "a", meta: { seen: true }, route: "default", input: "raw", origin: 7 },
    { id: "7/1", payload: "b", meta: { seen: true }, route: "default", input: "raw", origin: 7 },
  ]);
  const [first, second] = children;
  expect(new Set([meta, first?.meta, second?.meta]).size).toBe(3);
});

test("many() of none leaves the record out, and of one is a record like any other, but for its id", async () => {
  const { operator, context } = stageOf((n) => many(n === 1 ? [] : [n]));
  const { items } = await through(operator, [[1, 2]]);
  expect(items).toMatchObject([{ id: "1/0", payload: 2 }]);
  expect(context.books.counts).toMatchObject({ out: 1, filtered: 1, expanded: 0 });
});

test("what is done to the array afterwards has no part in it", async () => {
  const payloads = [1, 2];
  const made = many(payloads);
  payloads.push(3);
  expect(made.payloads).toEqual([1, 2]);
});

test("routeTo(output) sends the record there early, without a failure", async () => {
  const { operator, context } = stageOf((n) => (n === 2 ? routeTo("vip") : n * 10));
  const { items } = await through(operator, [[1, 2]]);
  expect(items.map(({ payload, route, failure }) => [payload, route, failure])).toEqual([
    [10, "default", undefined],
    [2, "vip", undefined],
  ]);
  expect(context.books.counts).toMatchObject({ out: 2, leftEarly: 1 });
});

test("an asynchronous function may give back the same", async () => {
  const results = [reject("why"), filter("why"), many([1, 2]), routeTo("vip"), "payload"];
  const { operator, context } = stageOf(async (n) => results[n]);
  const { items } = await through(operator, [[0, 1, 2, 3, 4]]);
  expect(items.map(({ payload, route }) => [payload, route])).toEqual([
    [1, "default"],
    [2, "default"],
    [3, "vip"],
    ["payload", "default"],
  ]);
  expect(context.books.counts).toMatchObject({ rejected: 1, filtered: 1, expanded: 1, out: 4, leftEarly: 1 });
});

test("objects that look like results are payloads", async () => {
  const likeness = { reason: "why" };
  const { operator } = stageOf(() => likeness);
  expect((await through(operator, [[1]])).payloads).toEqual([likeness]);
});
