// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().

import { type ErrorPolicy, type PipeHaltedError, pipe, type Rejection, retry, routeTo } from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance } from "./runs.js";

const engine = sharedEngine();

type Fate =
  | "raise"
  | "fail once"
  | "give back Rejected"
  | "raise Rejected"
  | "give back a Decimal"
  | "memory"
  | "leave"
  | "hang";
type Payload = number | readonly [number, Fate];

const SCORE = { module: "each", function: "score", each: true } as const;

const scoring = pipe<Payload>("scoring").python<number>("score", { ...SCORE, batch: { size: 100 } });

/** The numbers up to `count`, some of which meet a fate. */
function withFates(count: number, fates: Readonly<Record<number, Fate>>): Payload[] {
  return upTo(count).map((n) => (fates[n] === undefined ? n : [n, fates[n]]));
}

/** What the numbers are scored, but for these. */
function scoresWithout(count: number, ...numbers: number[]): number[] {
  return upTo(count).flatMap((n) => (numbers.includes(n) ? [] : [n * 10]));
}

/** How often the function was called, by number, where that was not once. */
function repeated(calls: readonly [number, number][]): [number, number][] {
  return calls.filter(([, count]) => count !== 1);
}

function summed({ id, error, attempts }: Rejection): unknown {
  return { id, attempts, code: (error as { code?: string }).code };
}

test("one of a thousand that raises is rejected alone, with its traceback, and no other is tried again", async () => {
  const session = await engine().session();
  const run = scoring.onError("score", "reject").run(withFates(1_000, { 345: "raise" }), { session });

  const { outputs, rejected, ledger, stats } = await run.collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual(scoresWithout(1_000, 345));
  expect(rejected).toMatchObject([
    {
      id: 345,
      stage: "score",
      payload: [345, "raise"],
      attempts: 1,
      reason: `session ${session.id}: stage score: each.score raised ValueError: 345 is bad`,
      error: { code: "SLITHER_PYTHON", pythonType: "ValueError", target: "each.score", stage: "score" },
    },
  ]);
  const frames = rejected[0]?.traceback?.match(/File ".*\/(\w+\.py)"/g);
  expect(frames).toHaveLength(2);
  expect(rejected[0]?.traceback).toContain("# the line that raises");
  const calls = await session.call<[number, number][]>("each", "calls");
  expect(calls).toHaveLength(1_000);
  expect(repeated(calls)).toEqual([]);
  expect(stats.stages.score?.batches).toBe(10);
  expectBalance(ledger);
});

test("under halt the run ends with what was raised, after the records before it", async () => {
  const session = await engine().session();

  const { items, thrown } = await consume(scoring.run(withFates(300, { 250: "raise" }), { session }));

  expect(items.map(({ payload }) => payload)).toEqual(scoresWithout(200));
  expect(thrown).toMatchObject({ stage: "score", cause: { pythonMessage: "250 is bad" } });
  expectBalance((thrown as PipeHaltedError).ledger);
});

test("a retry tries the records again that raised, and no other", async () => {
  const session = await engine().session();
  const records = withFates(100, { 7: "fail once", 20: "raise", 99: "fail once" });
  const policy = retry({ on: ["ConnectionError"], backoff: 1, then: "reject" });

  const { outputs, rejected } = await scoring.onError("score", policy).run(records, { session }).collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual(scoresWithout(100, 20));
  expect(rejected.map(summed)).toEqual([{ id: 20, attempts: 1, code: "SLITHER_PYTHON" }]);
  expect(repeated(await session.call("each", "calls"))).toEqual([
    [7, 2],
    [99, 2],
  ]);
});

test("what fails goes to an output where the policy says so", async () => {
  const session = await engine().session();
  const run = scoring.onError("score", routeTo("odd")).run(withFates(10, { 3: "raise" }), { session });

  const { outputs, rejected } = await run.collect();

  expect(rejected).toEqual([]);
  expect(outputs.odd).toMatchObject([{ id: 3, failure: { error: { pythonMessage: "3 is bad" } } }]);
});

test("a result that cannot be carried is the failure of its record, and is named from there", async () => {
  const session = await engine().session();
  const records = withFates(100, { 42: "give back a Decimal" });

  const { outputs, rejected } = await scoring.onError("score", "reject").run(records, { session }).collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual(scoresWithout(100, 42));
  expect(rejected.map(summed)).toEqual([{ id: 42, attempts: 1, code: "SLITHER_VALUE_NOT_SUPPORTED" }]);
  expect(rejected[0]?.error).toMatchObject({
    path: "result.score",
    typeName: "decimal.Decimal",
    direction: "result",
  });
  expect(repeated(await session.call("each", "calls"))).toEqual([]);
});

test.each<ErrorPolicy>(["halt", "reject", routeTo("late"), retry()])(
  "Rejected, given back or raised, sets its record aside with its reason, whatever the policy",
  async (policy) => {
    const session = await engine().session();
    const records = withFates(10, { 2: "give back Rejected", 5: "raise Rejected" });

    const { outputs, rejected } = await scoring.onError("score", policy).run(records, { session }).collect();

    expect(outputs.default.map(({ payload }) => payload)).toEqual(scoresWithout(10, 2, 5));
    expect(rejected.map(({ reason }) => reason)).toEqual(["2 is late", "5 is odd"]);
    expect(rejected.map(summed)).toEqual([
      { id: 2, attempts: 1, code: "SLITHER_RECORD_REJECTED" },
      { id: 5, attempts: 1, code: "SLITHER_RECORD_REJECTED" },
    ]);
    expect(repeated(await session.call("each", "calls"))).toEqual([]);
  },
);

test("a record that kills its process, hangs or needs too much memory is found alone, beside one that raises", async () => {
  const session = await engine().session();
  const fates = { 13: "leave", 14: "raise", 60: "memory", 77: "hang" } as const;
  const patient = pipe<Payload>("scoring")
    .python<number>("score", { ...SCORE, batch: { size: 50 }, timeout: "400ms" })
    .onError("score", "reject");

  const { outputs, rejected, ledger } = await patient.run(withFates(100, fates), { session }).collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual(scoresWithout(100, 13, 14, 60, 77));
  expect(rejected.map(({ id, error }) => [id, error])).toMatchObject([
    [13, { code: "SLITHER_WORKER_DIED", exitCode: 7 }],
    [14, { pythonType: "ValueError" }],
    [60, { pythonType: "MemoryError" }],
    [77, { code: "SLITHER_CALL_TIMEOUT" }],
  ]);
  expectBalance(ledger);
});

test("a batch of a stateful stage is sent once: who raises has failed, the others have not", async () => {
  const session = await engine().session();
  const stateful = pipe<Payload>("scoring")
    .python<number>("score", { ...SCORE, batch: { size: 10 }, stateful: true })
    .onError("score", "reject");

  const { outputs, rejected, stats } = await stateful
    .run(withFates(30, { 4: "raise", 5: "give back a Decimal", 25: "raise" }), { session })
    .collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual(scoresWithout(30, 4, 5, 25));
  expect(rejected.map(({ id, attempts }) => [id, attempts])).toEqual([
    [4, 1],
    [5, 1],
    [25, 1],
  ]);
  expect(stats.stages.score?.batches).toBe(3);
  expect(repeated(await session.call("each", "calls"))).toEqual([]);
});

test("a function that does not exist halts the run, whatever the policy", async () => {
  const session = await engine().session();
  const missing = pipe<Payload>("scoring")
    .python<number>("score", { ...SCORE, function: "scoer" })
    .onError("score", "reject");

  const { thrown } = await consume(missing.run([1, 2], { session }));

  expect(thrown).toMatchObject({ cause: { code: "SLITHER_PYTHON_FUNCTION", suggestions: ["score"] } });
});
