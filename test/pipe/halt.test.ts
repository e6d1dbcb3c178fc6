import { setTimeout as delay } from "node:timers/promises";
import { BatchResultError, PythonError, PythonFunctionError, PythonImportError, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { deferred, quiet } from "../dispatch/deferred.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, numbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf } from "./runs.js";

/** Fails for the record 7. */
function failsAtSeven(n: number): number {
  if (n === 7) throw new Error("seven");
  return n;
}

const batchFailsAtSeven = (payloads: number[]): number[] => payloads.map(failsAtSeven);

test("a node function that throws ends the run after what came before it", async () => {
  const { items, thrown } = await consume(pipe<number>("p").node("check", failsAtSeven).run(upTo(20)));
  expect(items.map(({ payload }) => payload)).toEqual(upTo(7));
  expect(thrown).toMatchObject({
    code: "SLITHER_PIPE_HALTED",
    message: "pipe p halted in stage check (20 records in, 7 out, 0 rejected, 13 unfinished): seven",
    status: "halted",
    stage: "check",
    cause: new Error("seven"),
    rejected: [],
    ledger: { in: 20, out: 7, unfinished: 13 },
  });
});

test("an asynchronous node function that rejects ends the run likewise", async () => {
  const run = pipe<number>("p")
    .node("check", async (n) => failsAtSeven(n))
    .run(upTo(20));
  const { items, thrown } = await consume(run);
  expect(items.map(({ payload }) => payload)).toEqual(upTo(7));
  expect(thrown).toMatchObject({ stage: "check", cause: new Error("seven") });
});

test("a predicate that throws ends the run likewise", async () => {
  const run = pipe<number>("p")
    .route("split", [["all", (n) => failsAtSeven(n) >= 0]])
    .run(upTo(20));
  const { items, thrown } = await consume(run);
  expect(items.map(({ payload }) => payload)).toEqual(upTo(7));
  expect(thrown).toMatchObject({ stage: "split", cause: new Error("seven") });
});

test("a batch that fails ends the run after the batches before it", async () => {
  const session = await inlineSession({ check: batchFailsAtSeven });
  const run = pipe<number>("p")
    .python<number>("check", { module: "model", function: "check", batch: { size: 3 } })
    .run(upTo(20), { session });
  const { items, thrown } = await consume(run);
  expect(items.map(({ payload }) => payload)).toEqual(upTo(6));
  expect(thrown).toMatchObject({ stage: "check", ledger: { out: 6, rejected: 0 } });
  expect((thrown as Error).cause).toBeInstanceOf(PythonError);
  expect((thrown as Error).cause).toMatchObject({ stage: "check", target: "model.check", session: "inline" });
});

test("the books of a run that halts balance, with what was not finished", async () => {
  const session = await inlineSession({ check: batchFailsAtSeven, same: (payloads: number[]) => payloads });
  const run = pipe<number>("p")
    .python<number>("first", { module: "model", function: "same", batch: { size: 2 } })
    .python<number>("check", { module: "model", function: "check", batch: { size: 3 } })
    .node("after", (n) => n)
    .run(upTo(50), { session });
  const { ledger } = await haltOf(run);
  expectBalance(ledger);
  expect(ledger).toMatchObject({ out: 6, rejected: 0 });
  expect(ledger.unfinished).toBeGreaterThanOrEqual(3);
});

test("collect() of a run that halts rejects with what it had collected, by output", async () => {
  const run = pipe<number>("p")
    .node("check", failsAtSeven)
    .route("split", [["even", (n) => n % 2 === 0]])
    .run(upTo(20));
  const { outputs } = await haltOf(run);
  const payloads = Object.entries(outputs).map(([name, items]) => [
    name,
    items.map(({ payload }) => payload),
  ]);
  expect(Object.fromEntries(payloads)).toEqual({ even: [0, 2, 4, 6], default: [1, 3, 5] });
});

test("what was rejected before a run halts is in its error", async () => {
  const run = pipe<number>("p")
    .node("odd", (n) => {
      if (n === 3) throw new Error("three");
      return n;
    })
    .node("check", failsAtSeven)
    .onError("odd", "reject")
    .run(upTo(20));
  const { rejected, ledger } = await haltOf(run);
  expect(rejected).toMatchObject([{ id: 3, stage: "odd", reason: "three" }]);
  expectBalance(ledger);
});

test("a stage behind the one that fails still finishes what it was given", async () => {
  const session = await inlineSession({ double: (payloads: number[]) => payloads.map((n) => n * 2) });
  const run = pipe<number>("p")
    .node("check", failsAtSeven)
    .python<number>("double", { module: "model", function: "double", batch: { size: 4 } })
    .run(asyncNumbers({ count: 20 }).input, { session });
  const { items, thrown } = await consume(run);
  expect(items.map(({ payload }) => payload)).toEqual([0, 2, 4, 6, 8, 10, 12]);
  expect(thrown).toMatchObject({ stage: "check", ledger: { in: 8, out: 7, unfinished: 1 } });
});

test("when a stage fails while the one before it waits for a stuck promise, the run ends", async () => {
  const session = await inlineSession({ check: batchFailsAtSeven });
  const reached = deferred();
  const run = pipe<number>("p")
    .node("enrich", (n) => {
      if (n < 8) return n;
      reached.resolve();
      return new Promise<number>(() => {});
    })
    .python<number>("check", { module: "model", function: "check", batch: { size: 8 } })
    .run(asyncNumbers().input, { session });
  const { stage, ledger } = await haltOf(run);
  await reached.promise;
  expect(stage).toBe("check");
  expectBalance(ledger);
  expect(ledger).toMatchObject({ in: 9, out: 0, unfinished: 9 });
});

test("when a stage fails while the input is stuck, the run ends and the input is told", async () => {
  const session = await inlineSession({ check: batchFailsAtSeven });
  const watched = asyncNumbers({ stuckAt: 8 });
  const run = pipe<number>("p")
    .python<number>("check", { module: "model", function: "check", batch: { size: 8 } })
    .run(watched.input, { session });
  const { ledger } = await haltOf(run);
  expectBalance(ledger);
  expect(watched).toMatchObject({ given: 8, returned: 1 });
});

test("when the consumer leaves between the last good record and the failure, the run was stopped", async () => {
  const run = pipe<number>("p").node("check", failsAtSeven).run(upTo(20));
  for await (const { payload } of run) if (payload === 6) break;
  const { status, ledger } = await run.done;
  expect(status).toBe("stopped");
  expectBalance(ledger);
});

test.each([
  ["a text", "out of order", "out of order"],
  ["undefined", undefined, "undefined"],
  ["an object without a prototype", Object.create(null), "an object (Object)"],
])("a function may throw %s", async (_, thrown, reason) => {
  const run = pipe<number>("p")
    .node("check", () => {
      throw thrown;
    })
    .run([1]);
  const error = await haltOf(run);
  expect(error.message).toContain(`unfinished): ${reason}`);
  expect(error.cause).toBe(thrown);
});

test("a promise in place of the predicate's answer is refused by the name of the route", async () => {
  const predicate = (async () => true) as unknown as () => boolean;
  const error = await haltOf(
    pipe<number>("p")
      .route("split", [["high", predicate]])
      .run([1]),
  );
  expect(error.stage).toBe("split");
  expect(error.message).toContain(
    "expected the predicate of route high to return true or false, got a Promise (await it first)",
  );
});

test.each(["halt", "reject"] as const)(
  "a module that does not exist ends the run at once, by name, under %s",
  async (policy) => {
    const session = await inlineSession({});
    const failures: unknown[] = [];
    const run = pipe<number>("p")
      .python<number>("predict", { module: "modle", function: "predict", batch: { size: 8 } })
      .onError("predict", policy)
      .run(upTo(8), { session });
    run.on("batch-failure", (event) => failures.push(event));
    const { cause, message, stage, ledger } = await haltOf(run);
    expect(cause).toBeInstanceOf(PythonImportError);
    expect(message).toContain("modle");
    expect({ stage, tries: failures.length }).toEqual({ stage: "predict", tries: 1 });
    expect(ledger).toMatchObject({ out: 0, rejected: 0, unfinished: 8, balanced: true });
  },
);

test.each(["halt", "reject"] as const)(
  "a function that does not exist ends the run at once, by name, under %s",
  async (policy) => {
    const session = await inlineSession({ predict: () => [] });
    const failures: unknown[] = [];
    const run = pipe<number>("p")
      .python<number>("predict", { module: "model", function: "predcit", batch: { size: 8 } })
      .onError("predict", policy)
      .run(upTo(8), { session });
    run.on("batch-failure", (event) => failures.push(event));
    const { cause, message, ledger } = await haltOf(run);
    expect(cause).toBeInstanceOf(PythonFunctionError);
    expect(message).toContain("model.predcit does not exist, did you mean predict?");
    expect(failures).toHaveLength(1);
    expect(ledger).toMatchObject({ out: 0, rejected: 0, unfinished: 8, balanced: true });
  },
);

test.each([
  ["fewer results", (payloads: unknown[]) => payloads.slice(1), "got 2"],
  ["more results", (payloads: unknown[]) => [...payloads, 0], "got 4"],
  ["nothing", () => undefined, "got a undefined"],
  ["an object", () => ({ scores: [1, 2, 3] }), "got a Object"],
])("a function that gives back %s is refused with stage, function and counts", async (_, predict, got) => {
  const session = await inlineSession({ predict });
  const run = pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict" })
    .run(upTo(3), { session });
  const { cause } = await haltOf(run);
  expect(cause).toBeInstanceOf(BatchResultError);
  expect(cause).toMatchObject({ stage: "predict", target: "model.predict", session: "inline", expected: 3 });
  expect((cause as Error).message).toContain("stage predict: model.predict: expected a list of 3 results");
  expect((cause as Error).message).toContain(got);
});

test("an input that throws half-way ends the run after everything before it, also the partial batch", async () => {
  const session = await inlineSession({ double: (payloads: number[]) => payloads.map((n) => n * 2) });
  const failure = new Error("connection reset");
  for (const make of [numbers, asyncNumbers]) {
    const run = pipe<number>("p")
      .python<number>("double", { module: "model", function: "double", batch: { size: 4 } })
      .run(make({ failAt: 6, failure }).input, { session });
    const { items, thrown } = await consume(run);
    expect(items.map(({ payload }) => payload)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(thrown).toMatchObject({
      status: "halted",
      stage: undefined,
      message: "pipe p halted (6 records in, 6 out, 0 rejected, 0 unfinished): connection reset",
    });
    expect((thrown as Error).cause).toBe(failure);
  }
});

test("the session goes on after a run on it has halted", async () => {
  const session = await inlineSession({ check: batchFailsAtSeven, ping: () => "pong" });
  const run = pipe<number>("p")
    .python<number>("check", { module: "model", function: "check", batch: { size: 3 } })
    .run(upTo(20), { session });
  await haltOf(run);
  await quiet();
  expect(await session.call("model", "ping")).toBe("pong");
});

test.each([
  ["a schema", { input: z.number() }],
  ["a rate limit", { rateLimit: { limit: 4, per: "1m" } }],
] as const)(
  "a stage with %s that a later one has stopped blames none of its own records",
  async (_, options) => {
    const session = await inlineSession({
      // Those behind the first batch are still in flight when that has failed.
      slow: (payloads: number[]) => (payloads.includes(0) ? payloads : delay(200, payloads)),
    });
    const run = pipe<number>("p")
      .python<number>("first", { module: "model", function: "slow", batch: { size: 4 }, ...options })
      .node("then", async (n) => n, {
        concurrency: 8,
        output: z.number().refine((n) => n !== 2, "two"),
      })
      .onError("first", "reject")
      .run(upTo(40), { session });
    const { stage, rejected, ledger } = await haltOf(run);
    expect({ stage, rejected }).toEqual({ stage: "then", rejected: [] });
    expectBalance(ledger);
  },
);
