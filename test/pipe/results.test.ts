import { filter, many, type PipeHaltedError, pipe, reject, routeTo } from "slither-ts";
import { expect, test } from "vitest";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance } from "./runs.js";

test("records that a function rejects are set aside under halt, and the run completes", async () => {
  const run = pipe<number>("p")
    .node("check", (n) => (n % 3 === 0 ? reject("by three") : n))
    .run(upTo(7));
  const { outputs, rejected, ledger, status } = await run.collect();
  expect(outputs.default.map(({ id }) => id)).toEqual([1, 2, 4, 5]);
  expect(rejected.map(({ id, reason, stage, attempts }) => [id, reason, stage, attempts])).toEqual(
    [0, 3, 6].map((id) => [id, "by three", "check", 1]),
  );
  expect(status).toBe("completed");
  expectBalance(ledger);
});

test("records that a function filters are counted by reason, and are no rejections", async () => {
  const run = pipe<number>("p")
    .node("check", (n) => (n % 3 === 0 ? filter("by three") : n % 5 === 0 ? filter("by five") : n))
    .run(upTo(11));
  const { rejected, ledger } = await run.collect();
  expect(rejected).toEqual([]);
  expect(ledger).toMatchObject({ in: 11, out: 5, filtered: 6, rejected: 0 });
  expect(ledger.stages.check?.reasons).toEqual({ "by three": 4, "by five": 2 });
  expectBalance(ledger);
});

test("several records made of one go through later stages one by one, in order", async () => {
  const session = await inlineSession({ double: (payloads: number[]) => payloads.map((n) => n * 2) });
  const run = pipe<number>("p")
    .node("spread", (n) => many(upTo(n)))
    .python<number>("double", { module: "model", function: "double", batch: { size: 2 } })
    .run([2, 0, 3, 1], { session });
  const { items } = await consume(run);
  expect(items.map(({ id, payload, input }) => [id, payload, input])).toEqual([
    ["0/0", 0, 2],
    ["0/1", 2, 2],
    ["2/0", 0, 3],
    ["2/1", 2, 3],
    ["2/2", 4, 3],
    ["3/0", 0, 1],
  ]);
  const { ledger } = await run.done;
  expect(ledger).toMatchObject({ in: 4, expanded: 3, filtered: 1, out: 6 });
  expect(ledger.stages.spread?.reasons).toEqual({ "many([])": 1 });
  expectBalance(ledger);
});

test("what is made of a record that was made of another is named by both", async () => {
  const run = pipe<string>("p", { id: (text) => text })
    .node("words", (text) => many(text.split(" ")))
    .node("letters", (word) => many([...word]))
    .run(["ab c"]);
  const { outputs } = await run.collect();
  expect(outputs.default.map(({ id, payload }) => [id, payload])).toEqual([
    ["ab c/0/0", "a"],
    ["ab c/0/1", "b"],
    ["ab c/1/0", "c"],
  ]);
});

test("records that a function sends to an output leave the pipe there, with the payload that it was given", async () => {
  const run = pipe<number>("p")
    .node("choose", (n) => (n % 2 ? routeTo("odd") : n * 10))
    .node("after", (n) => n + 1)
    .route("split", [["large", (n) => n > 20]])
    .run(upTo(6));
  const { outputs, ledger } = await run.collect();
  const payloads = Object.entries(outputs).map(([name, items]) => [
    name,
    items.map(({ payload }) => payload),
  ]);
  expect(Object.fromEntries(payloads)).toEqual({ large: [21, 41], default: [1], odd: [1, 3, 5] });
  expect(ledger.routes).toEqual({ large: 2, default: 1, odd: 3 });
  expectBalance(ledger);
});

test("a record may be sent to an output that is also one of the routes", async () => {
  const run = pipe<number>("p")
    .node("choose", (n) => (n === 1 ? routeTo("large") : n))
    .route("split", [["large", (n) => n > 1]])
    .run(upTo(4));
  const { outputs } = await run.collect();
  expect(outputs.large.map(({ id }) => id)).toEqual([1, 2, 3]);
});

test("a route predicate gives no results: they are refused as what is neither true nor false", async () => {
  const run = pipe<number>("p")
    .route("split", [["all", (() => reject("why")) as never]])
    .run([1]);
  const { thrown } = await consume(run);
  expect((thrown as Error).message).toContain("to return true or false, got an object (Reject)");
});

test("the books balance when a run of all of that halts", async () => {
  const session = await inlineSession({
    check: (payloads: number[]) => {
      if (payloads.includes(32)) throw new Error("32");
      return payloads;
    },
  });
  const run = pipe<number>("p")
    .node(
      "mixed",
      (n) => [n, filter("one"), many([n, n + 1]), routeTo("aside"), reject("four")][n % 5] as number,
    )
    .python<number>("check", { module: "model", function: "check", batch: { size: 4 } })
    .node("after", (n) => (n === 2 ? filter("two") : n))
    .run(upTo(150), { session });
  const { items, thrown } = await consume(run);
  const { ledger } = thrown as PipeHaltedError;
  expect(items).toHaveLength(ledger.out);
  expectBalance(ledger);
});
