import { expect, test } from "vitest";
import { dispatch } from "../../src/dispatch/dispatch.js";
import type { Outcome } from "../../src/dispatch/judge.js";
import { FixedBatches } from "../../src/dispatch/strategies/fixed.js";
import { heldOf } from "../helpers/garbage.js";
import { chunksOf, drained } from "./chunks.js";
import { deferred, quiet } from "./deferred.js";
import { Failing } from "./failing.js";
import { endless, ScriptedExecutor } from "./scripted-executor.js";

function recordsOf(next: IteratorResult<Outcome<number, string>[], void>): number[] {
  return (next.value ?? []).map(({ record }) => record);
}

test("as many batches as allowed are sent before the first is answered, and no more", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = dispatch(chunksOf([[1, 2, 3, 4, 5, 6]]), executor.options());
  const first = outcomes.next();
  await quiet();
  expect(executor.batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
  executor.answer(0);
  await first;
  const second = outcomes.next();
  await quiet();
  expect(executor.batches).toHaveLength(3);
  for (const index of [1, 2]) executor.answer(index);
  await second;
});

test("nothing is pulled from upstream while as many are in flight as may be", async () => {
  const executor = new ScriptedExecutor();
  let pulled = 0;
  const outcomes = dispatch(
    endless(() => {
      pulled += 1;
    }),
    executor.options(),
  );
  const first = outcomes.next();
  await quiet();
  expect(pulled).toBe(4);
  executor.answer(0);
  await first;
});

test("while the consumer is away at most what is in flight and one batch more is pulled", async () => {
  const executor = new ScriptedExecutor();
  let pulled = 0;
  const upstream = endless(() => {
    pulled += 1;
  });
  const outcomes = dispatch(upstream, executor.options({ execute: async (batch) => batch.map(String) }));
  for (let given = 2; given <= 20; given += 2) {
    await outcomes.next();
    await quiet();
    expect(pulled - given).toBeLessThanOrEqual(2 * 2 + 2);
  }
});

test("outcomes come in input order, also when the second batch is answered first", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = dispatch(chunksOf([[1, 2, 3, 4]]), executor.options());
  const first = outcomes.next();
  await quiet();
  executor.answer(1);
  await quiet();
  executor.answer(0);
  expect(recordsOf(await first)).toEqual([1, 2, 3, 4]);
});

test("an answer is given out while upstream is stuck", async () => {
  const executor = new ScriptedExecutor();
  const never = deferred();
  async function* upstream(): AsyncGenerator<number[]> {
    yield [1, 2];
    await never.promise;
  }
  const outcomes = dispatch(upstream(), executor.options());
  const first = outcomes.next();
  await quiet();
  executor.answer(0);
  expect((await first).value).toEqual([
    { kind: "done", record: 1, result: "1", attempts: 1 },
    { kind: "done", record: 2, result: "2", attempts: 1 },
  ]);
});

test("the next batch is pulled while the oldest answer is late", async () => {
  const executor = new ScriptedExecutor();
  const more = deferred();
  async function* upstream(): AsyncGenerator<number[]> {
    yield [1, 2];
    await more.promise;
    yield [3, 4];
  }
  const outcomes = dispatch(upstream(), executor.options());
  const first = outcomes.next();
  await quiet();
  more.resolve();
  await quiet();
  expect(executor.batches).toHaveLength(2);
  executor.answer(0);
  await first;
});

test("a failed batch ends the stream after what was finished before it", async () => {
  const executor = new ScriptedExecutor();
  const error = new Error("broken");
  const outcomes = drained(dispatch(chunksOf([[1, 2, 3, 4]]), executor.options()));
  await quiet();
  executor.fail(1, error);
  await quiet();
  executor.answer(0);
  const { values, thrown } = await outcomes;
  expect(values.flat().map(({ record }) => record)).toEqual([1, 2]);
  expect(thrown).toBe(error);
});

test("the records of the failed batch and of those behind it are unfinished, told once and in order", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = drained(dispatch(chunksOf([[1, 2, 3, 4, 5]]), executor.options()));
  await quiet();
  executor.fail(0, new Error("broken"));
  await outcomes;
  expect(executor.unfinished).toEqual([[1, 2, 3, 4, 5]]);
});

test("a failed batch is told before upstream is left, so that what upstream waits for can be given up", async () => {
  const executor = new ScriptedExecutor();
  const stuck = deferred<number[]>();
  async function* upstream(): AsyncGenerator<number[]> {
    yield [1, 2];
    yield await stuck.promise;
  }
  const error = new Error("broken");
  const options = executor.options({ onFailure: () => stuck.reject(new Error("given up")) });
  const outcomes = drained(dispatch(upstream(), options));
  await quiet();
  executor.fail(0, error);
  expect((await outcomes).thrown).toBe(error);
});

test("batches behind a failed one are told to stop", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = drained(dispatch(chunksOf([[1, 2, 3, 4]]), executor.options()));
  await quiet();
  expect(executor.sent[1]?.stop.aborted).toBe(false);
  executor.fail(0, new Error("broken"));
  await outcomes;
  expect(executor.sent[1]?.stop.aborted).toBe(true);
});

test("when upstream fails, everything before it is finished first, also the partial batch", async () => {
  const executor = new ScriptedExecutor();
  const failure = new Error("half-way");
  const outcomes = drained(dispatch(chunksOf([[1, 2], [3]], { failure }), executor.options()));
  await quiet();
  executor.answer(0);
  executor.answer(1);
  const { values, thrown } = await outcomes;
  expect(values.flat().map(({ record }) => record)).toEqual([1, 2, 3]);
  expect(thrown).toBe(failure);
  expect(executor.unfinished).toEqual([[]]);
});

test("leaving tells batches in flight to stop, does not wait for them, and tells their records", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = dispatch(chunksOf([[1, 2, 3, 4, 5, 6]]), executor.options());
  const first = outcomes.next();
  await quiet();
  executor.answer(0);
  await first;
  await outcomes.return(undefined);
  expect(executor.sent.slice(1).every(({ stop }) => stop.aborted)).toBe(true);
  expect(executor.unfinished).toEqual([[3, 4, 5, 6]]);
});

test("`stopped` tells the batches in flight", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = drained(dispatch(chunksOf([[1, 2]]), executor.options()));
  await quiet();
  const reason = new Error("enough");
  executor.stopping.abort(reason);
  expect(executor.sent[0]?.stop.reason).toBe(reason);
  executor.fail(0, reason);
  await outcomes;
});

test("a record that is to blame is an outcome, in its place", async () => {
  const executor = new ScriptedExecutor();
  const error = new Failing("records", "2 is bad");
  const options = executor.options({
    strategy: new FixedBatches(3),
    execute: async (batch) => {
      if (batch.includes(2)) throw error;
      return batch.map(String);
    },
  });
  const { values } = await drained(dispatch(chunksOf([[1, 2, 3, 4]]), options));
  expect(values.flat()).toEqual([
    { kind: "done", record: 1, result: "1", attempts: 3 },
    { kind: "failed", record: 2, error, verdict: { kind: "reject" }, attempts: 3 },
    { kind: "done", record: 3, result: "3", attempts: 2 },
    { kind: "done", record: 4, result: "4", attempts: 1 },
  ]);
});

test("records that only pass by are outcomes in their places, and are not sent", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({
    strategy: new FixedBatches(3),
    passes: (record) => record >= 100,
    execute: async (batch) => {
      executor.sent.push({ at: 0, batch, stop: new AbortController().signal, answer: deferred() });
      return batch.map(String);
    },
  });
  const { values } = await drained(dispatch(chunksOf([[1, 100, 2, 101, 102, 103]]), options));
  expect(values.flat().map(({ kind, record }) => [kind, record])).toEqual([
    ["done", 1],
    ["passed", 100],
    ["done", 2],
    ["passed", 101],
    ["passed", 102],
    ["passed", 103],
  ]);
  expect(executor.batches).toEqual([[1, 2]]);
});

test("while a batch is in trouble others are sent in its place, and its outcomes still come first", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = dispatch(chunksOf([[1, 2, 3, 4, 5, 6]]), executor.options({ maxInFlight: 1 }));
  const first = outcomes.next();
  await quiet();
  executor.fail(0, new Failing("records", "bad"));
  await quiet();
  expect(executor.batches).toEqual([[1, 2], [1], [3, 4]]);
  for (const index of [1, 2]) {
    executor.answer(index);
    await quiet();
  }
  executor.answer(3);
  expect(recordsOf(await first)).toEqual([1, 2, 3, 4]);
  await outcomes.return(undefined);
});

test("a batch that waits for its retry does not hold up those behind it", async () => {
  const executor = new ScriptedExecutor();
  const waiting = deferred();
  const options = executor.options({
    maxInFlight: 1,
    judge: () => ({ kind: "retry", afterMs: 5 }),
    wait: () => waiting.promise,
  });
  const outcomes = drained(dispatch(chunksOf([[1, 2, 3, 4, 5]]), options));
  await quiet();
  executor.fail(0, new Failing("records", "not yet"));
  await quiet();
  executor.answer(1);
  await quiet();
  expect(executor.batches).toEqual([[1, 2], [3, 4], [5]]);
  waiting.resolve();
  await quiet();
  for (const index of [2, 3]) executor.answer(index);
  expect((await outcomes).values.flat().map(({ record }) => record)).toEqual([1, 2, 3, 4, 5]);
});

test("with eight batches in trouble besides those in flight, no more is pulled", async () => {
  const executor = new ScriptedExecutor();
  let pulled = 0;
  const upstream = endless(() => {
    pulled += 1;
  });
  const options = executor.options({
    maxInFlight: 2,
    execute: () => Promise.reject(new Failing("records", "bad")),
    judge: () => ({ kind: "retry", afterMs: 5 }),
    wait: () => new Promise(() => {}),
  });
  void dispatch(upstream, options).next();
  await quiet();
  expect(pulled).toBe((2 + 8) * 2);
});

test("an input without records gives no outcomes and sends nothing", async () => {
  const executor = new ScriptedExecutor();
  const { values, thrown } = await drained(dispatch(chunksOf<number>([]), executor.options()));
  expect({ values, thrown, batches: executor.batches }).toEqual({
    values: [],
    thrown: undefined,
    batches: [],
  });
});

test("outcomes that were given out are not kept, however many there are", async () => {
  const given: WeakRef<object>[] = [];
  const executor = new ScriptedExecutor();
  const upstream = endless(() => {});
  const outcomes = dispatch(
    upstream,
    executor.options({ maxInFlight: 1, execute: async (batch) => batch.map(String) }),
  );
  for (let count = 0; count < 50; count++) {
    // Without a variable that would keep the last.
    await outcomes.next().then(({ value }) => given.push(new WeakRef(value as object)));
    await quiet();
  }
  expect(await heldOf(given, 9)).toBeLessThan(10);
  await outcomes.return(undefined);
});
