import fc from "fast-check";
import { expect, test } from "vitest";
import { type DispatchOptions, dispatch } from "../../src/dispatch/dispatch.js";
import type { Outcome } from "../../src/dispatch/halving.js";
import { FixedBatches } from "../../src/dispatch/strategies/fixed.js";
import { chunksOf, drained } from "./chunks.js";
import { type Deferred, deferred, hops, quiet } from "./deferred.js";

interface Sent {
  readonly batch: readonly number[];
  readonly stop: AbortSignal;
  readonly answer: Deferred<readonly string[]>;
}

/** Something that takes batches, and answers when the test says so. */
class ScriptedExecutor {
  readonly sent: Sent[] = [];
  readonly failures: unknown[] = [];
  readonly unfinished: number[] = [];
  readonly stopping = new AbortController();

  options(changes: Partial<DispatchOptions<number, string>> = {}): DispatchOptions<number, string> {
    return {
      strategy: new FixedBatches(2),
      maxInFlight: 2,
      execute: (batch, stop) => {
        const answer = deferred<readonly string[]>();
        this.sent.push({ batch, stop, answer });
        return answer.promise;
      },
      blames: () => false,
      divides: true,
      stopped: this.stopping.signal,
      onFailure: (error) => this.failures.push(error),
      onUnfinished: (count) => this.unfinished.push(count),
      ...changes,
    };
  }

  get batches(): (readonly number[])[] {
    return this.sent.map(({ batch }) => batch);
  }

  /** Answers the batch of that position. */
  answer(index: number): void {
    const { batch, answer } = this.sent[index] as Sent;
    answer.resolve(batch.map(String));
  }

  fail(index: number, error: unknown): void {
    this.sent[index]?.answer.reject(error);
  }
}

function recordsOf(next: IteratorResult<Outcome<number, string>[], void>): number[] {
  return (next.value ?? []).map(({ record }) => record);
}

async function* endless(onPull: () => void): AsyncGenerator<number[]> {
  for (let record = 0; ; record++) {
    onPull();
    yield [record];
  }
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

test("nothing is pulled from upstream while the window is full", async () => {
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

test("while the consumer is away at most the window and one batch more is pulled", async () => {
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
  expect(recordsOf(await first)).toEqual([1, 2]);
  expect(recordsOf(await outcomes.next())).toEqual([3, 4]);
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
    { record: 1, ok: true, result: "1" },
    { record: 2, ok: true, result: "2" },
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

test("the records of the failed batch and of those behind it are unfinished, counted once", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = drained(dispatch(chunksOf([[1, 2, 3, 4, 5]]), executor.options()));
  await quiet();
  executor.fail(0, new Error("broken"));
  await outcomes;
  expect(executor.unfinished).toEqual([5]);
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
  expect(executor.unfinished).toEqual([0]);
});

test("leaving tells batches in flight to stop, does not wait for them, and counts them", async () => {
  const executor = new ScriptedExecutor();
  const outcomes = dispatch(chunksOf([[1, 2, 3, 4, 5, 6]]), executor.options());
  const first = outcomes.next();
  await quiet();
  executor.answer(0);
  await first;
  await outcomes.return(undefined);
  expect(executor.sent.slice(1).every(({ stop }) => stop.aborted)).toBe(true);
  expect(executor.unfinished).toEqual([4]);
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
  const error = new Error("2 is bad");
  const options = executor.options({
    strategy: new FixedBatches(3),
    execute: async (batch) => {
      if (batch.includes(2)) throw error;
      return batch.map(String);
    },
    blames: (thrown) => thrown === error,
  });
  const { values } = await drained(dispatch(chunksOf([[1, 2, 3, 4]]), options));
  expect(values.flat()).toEqual([
    { record: 1, ok: true, result: "1" },
    { record: 2, ok: false, error },
    { record: 3, ok: true, result: "3" },
    { record: 4, ok: true, result: "4" },
  ]);
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

/** Chunks, batch size, delays of upstream and of the executor, and how it ends. */
const scenario = fc.record({
  chunks: fc.array(fc.array(fc.constant(0), { maxLength: 5 }), { maxLength: 8 }),
  upstreamDelays: fc.array(fc.nat(6), { minLength: 8, maxLength: 8 }),
  upstreamFails: fc.boolean(),
  batchSize: fc.integer({ min: 1, max: 6 }),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
  answerDelays: fc.array(fc.nat(12), { minLength: 1, maxLength: 10 }),
  failingBatch: fc.option(fc.nat(8), { nil: undefined }),
  leaveAfter: fc.option(fc.nat(4), { nil: undefined }),
});

test("whatever the delays, failures and exits: outcomes are the start of the input, in order, and the rest is unfinished", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      let taken = 0;
      let inFlight = 0;
      let batch = 0;
      const unfinished: number[] = [];
      async function* upstream(): AsyncGenerator<number[]> {
        for (const [index, chunk] of given.chunks.entries()) {
          await hops(given.upstreamDelays[index] as number);
          const records = chunk.map(() => taken++);
          yield records;
        }
        if (given.upstreamFails) throw new Error("upstream");
      }
      const outcomes = dispatch<number, number>(upstream(), {
        strategy: new FixedBatches(given.batchSize),
        maxInFlight: given.maxInFlight,
        execute: async (records) => {
          const index = batch++;
          inFlight += 1;
          expect(inFlight).toBeLessThanOrEqual(given.maxInFlight);
          await hops(given.answerDelays[index % given.answerDelays.length] as number);
          inFlight -= 1;
          if (index === given.failingBatch) throw new Error("batch");
          return records.map((record) => record * 10);
        },
        blames: () => false,
        divides: true,
        stopped: new AbortController().signal,
        onFailure: () => {},
        onUnfinished: (count) => unfinished.push(count),
      });
      const results: number[] = [];
      try {
        let received = 0;
        for await (const each of outcomes) {
          results.push(...each.map((outcome) => (outcome.ok ? outcome.result : Number.NaN)));
          if (received++ === given.leaveAfter) break;
        }
      } catch (error) {
        expect(["upstream", "batch"]).toContain((error as Error).message);
      }
      expect(results).toEqual(results.map((_, index) => index * 10));
      expect(unfinished).toEqual([taken - results.length]);
    }),
    { numRuns: 300 },
  );
});
