import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { dispatch } from "../../src/dispatch/dispatch.js";
import type { Verdict } from "../../src/dispatch/judge.js";
import type { DispatchOptions } from "../../src/dispatch/options.js";
import { FixedBatches } from "../../src/dispatch/strategies/fixed.js";
import { KeyedBatches } from "../../src/dispatch/strategies/keyed.js";
import { MicroBatches } from "../../src/dispatch/strategies/micro-batch.js";
import type { BatchStrategy, Waiting } from "../../src/dispatch/strategy.js";
import { BatchingError } from "../../src/errors/batching.js";
import { chunksOf } from "./chunks.js";
import { quiet } from "./deferred.js";
import { Failing } from "./failing.js";
import { endless, observed, ScriptedExecutor } from "./scripted-executor.js";

/** These chunks, and then nothing, until it is stopped. */
async function* stuckAfter(stopped: AbortSignal, ...chunks: number[][]): AsyncGenerator<number[]> {
  yield* chunks;
  await new Promise<void>((resolve) => stopped.addEventListener("abort", () => resolve()));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, record) => record);
}

/** One record in a batch, in the order of the input, with a fault of its own. */
class Singly implements BatchStrategy<number> {
  readonly waiting: Waiting<number>[] = [];

  add(waiting: Waiting<number>): void {
    this.waiting.push(waiting);
  }

  next(_: { now: number; flush: boolean }): Waiting<number>[] | undefined {
    const first = this.waiting.shift();
    return first && [first];
  }
}

function refusing(refused: number): Singly {
  const strategy = new Singly();
  strategy.add = (waiting) => {
    if (waiting.record === refused) throw new RangeError(`cannot batch ${refused}`);
    strategy.waiting.push(waiting);
  };
  return strategy;
}

test("under `as-completed` the batch that is answered first comes first", async () => {
  const executor = new ScriptedExecutor();
  const stream = observed(dispatch(chunksOf([[1, 2, 3, 4]]), executor.options({ ordering: "as-completed" })));
  await quiet();
  executor.answer(1);
  await quiet();
  expect(stream.records).toEqual([3, 4]);
  executor.answer(0);
  await quiet();
  expect([stream.records, stream.hasEnded, stream.thrown]).toEqual([[3, 4, 1, 2], true, undefined]);
});

test("under `as-completed` a slow batch holds up nobody", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({ ordering: "as-completed", buffer: { rows: 4, bytes: 1_000 } });
  const stream = observed(dispatch(chunksOf(upTo(40).map((record) => [record])), options));
  await quiet();
  for (let index = 1; index < 20; index++) {
    executor.answer(index);
    await quiet();
  }
  expect(stream.records).toEqual(upTo(40).slice(2));
  executor.answer(0);
  await quiet();
  expect(stream.hasEnded).toBe(true);
});

test("under `as-completed` records that pass by do so at once", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({ ordering: "as-completed", passes: (record) => record >= 100 });
  const stream = observed(dispatch(chunksOf([[1, 100, 2, 101]]), options));
  await quiet();
  expect(stream.records).toEqual([100, 101]);
  executor.answer(0);
  await quiet();
  expect(stream.records).toEqual([100, 101, 1, 2]);
});

test.each<[string, DispatchOptions<number, string>["buffer"], number]>([
  ["rows", { rows: 10, bytes: 1_000 }, 10],
  ["bytes", { rows: 1_000, bytes: 100 }, 4],
])(
  "`buffer.%s` bounds what is pulled, and what is held there is sent, although the batch is not full",
  async (_, buffer, held) => {
    const executor = new ScriptedExecutor();
    let pulled = 0;
    const upstream = endless(() => {
      pulled += 1;
    });
    const options = executor.options({ strategy: new FixedBatches(50), buffer, sizeOf: () => 30 });
    observed(dispatch(upstream, options));
    await quiet();
    expect(pulled).toBe(held);
    expect(executor.batches).toEqual([upTo(held)]);
  },
);

test("what is done and waits for its turn is held as well", async () => {
  const executor = new ScriptedExecutor();
  let pulled = 0;
  const upstream = endless(() => {
    pulled += 1;
  });
  const stream = observed(dispatch(upstream, executor.options({ buffer: { rows: 20, bytes: 1_000 } })));
  for (let index = 1; index < 10; index++) {
    await quiet();
    executor.answer(index);
  }
  await quiet();
  expect([pulled, stream.records]).toEqual([20, []]);
  executor.answer(0);
  await quiet();
  expect(stream.records).toEqual(upTo(20));
});

test("a record that takes more than may be held is sent all the same", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({
    strategy: new FixedBatches(3),
    buffer: { rows: 1_000, bytes: 10 },
    sizeOf: () => 11,
  });
  executor.answerAll();
  const stream = observed(dispatch(chunksOf([[1], [2]]), options));
  await quiet();
  expect([stream.records, stream.hasEnded]).toEqual([[1, 2], true]);
  expect(executor.batches).toEqual([[1], [2]]);
});

test("a batch is sent when it is due, although the input is stuck", async () => {
  const executor = new ScriptedExecutor();
  const { stopped } = executor.options();
  const options = executor.options({ strategy: new MicroBatches({ maxSize: 10, maxWaitMs: 50 }) });
  const stream = observed(dispatch(stuckAfter(stopped, [1, 2]), options));
  await quiet();
  await executor.clock.advance(49);
  expect(executor.batches).toEqual([]);
  await executor.clock.advance(1);
  expect(executor.batches).toEqual([[1, 2]]);
  executor.answer(0);
  await quiet();
  expect(stream.records).toEqual([1, 2]);
});

test.each([
  [
    "a strategy that gathers ahead takes up to one batch more",
    new MicroBatches<number>({ maxSize: 3, maxWaitMs: 50 }),
    6,
  ],
  ["any other takes nothing", new FixedBatches<number>(3), 3],
])("while nothing can be sent, %s", async (_, strategy, expected) => {
  const executor = new ScriptedExecutor();
  let pulled = 0;
  const upstream = endless(() => {
    pulled += 1;
  });
  observed(dispatch(upstream, executor.options({ strategy, batchRows: 3, maxInFlight: 1 })));
  await quiet();
  expect(pulled).toBe(expected);
});

test("a strategy that gives nothing at a flush ends the stream, and no record is lost", async () => {
  const executor = new ScriptedExecutor();
  const strategy: BatchStrategy<number> = { add: () => {}, next: () => undefined };
  const stream = observed(dispatch(chunksOf([[1, 2], [3]]), executor.options({ strategy })));
  await quiet();
  expect(stream.thrown).toBeInstanceOf(BatchingError);
  expect(executor.failures).toEqual([stream.thrown]);
  expect(executor.unfinished).toEqual([[1, 2, 3]]);
});

test("a strategy may keep records back at a flush while a batch is worked on", async () => {
  const executor = new ScriptedExecutor();
  const strategy = new KeyedBatches<number>({ keyOf: () => "all", size: 1 });
  const stream = observed(dispatch(chunksOf([[1, 2]]), executor.options({ strategy })));
  await quiet();
  expect(executor.batches).toEqual([[1]]);
  executor.answerAll();
  await quiet();
  expect([stream.records, stream.hasEnded, stream.thrown]).toEqual([[1, 2], true, undefined]);
});

test("a strategy that uses its array again is told which batch is completed", async () => {
  const completed: number[][] = [];
  const waiting: Waiting<number>[] = [];
  const buffer: Waiting<number>[] = [];
  const strategy: BatchStrategy<number> = {
    add: (each) => void waiting.push(each),
    next: () => {
      if (waiting.length < 2) return undefined;
      buffer.length = 0;
      buffer.push(...waiting.splice(0, 2));
      return buffer;
    },
    completed: (batch) => void completed.push(batch.map(({ record }) => record)),
  };
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const stream = observed(dispatch(chunksOf([[1, 2, 3, 4, 5, 6]]), executor.options({ strategy })));
  await quiet();
  expect([stream.hasEnded, completed]).toEqual([
    true,
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ]);
});

test.each(["next", "completed", "dueAt", "gathersAhead"])(
  "what %s of a strategy throws ends the stream as a BatchingError that is told first, and no record is lost",
  async (member) => {
    const executor = new ScriptedExecutor();
    const broken = new Error("out of order");
    const strategy = Object.defineProperty(new FixedBatches<number>(1), member, {
      get: () => {
        throw broken;
      },
    });
    const options = executor.options({ strategy, maxInFlight: 1 });
    const stream = observed(dispatch(chunksOf([[1, 2, 3]]), options));
    await quiet();
    if (executor.sent.length > 0) executor.answer(0);
    await quiet();
    expect(stream.thrown).toBeInstanceOf(BatchingError);
    expect(stream.thrown).toHaveProperty("cause", broken);
    expect(executor.failures).toEqual([stream.thrown]);
    expect([...stream.records, ...executor.unfinished.flat()]).toEqual([1, 2, 3]);
  },
);

test("after a strategy has broken its contract, nothing more is sent", async () => {
  const executor = new ScriptedExecutor();
  const strategy = new Singly();
  let asked = 0;
  strategy.next = () => {
    asked += 1;
    if (asked === 3) throw new Error("out of order");
    const first = strategy.waiting.shift();
    return first && [first];
  };
  const options = executor.options({ strategy, maxInFlight: 2 });
  const stream = observed(dispatch(chunksOf([[1, 2, 3, 4, 5]]), options));
  await quiet();
  executor.answer(0);
  await quiet();
  expect([executor.batches, stream.records]).toEqual([[[1], [2]], [1]]);
  expect(executor.unfinished).toEqual([[2, 3, 4, 5]]);
});

test("a BatchingError stays what it is when telling it stops the stream", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({
    strategy: { add: () => {}, next: () => undefined },
    onFailure: () => executor.stopping.abort(new Error("stopped")),
  });
  const stream = observed(dispatch(chunksOf([[1]]), options));
  await quiet();
  expect(stream.thrown).toBeInstanceOf(BatchingError);
});

test("a strategy may use the array of a batch again", async () => {
  const executor = new ScriptedExecutor();
  const array: Waiting<number>[] = [];
  const strategy = new Singly();
  strategy.next = () => {
    array.splice(0, array.length, ...strategy.waiting.splice(0, 1));
    return array.length === 0 ? undefined : array;
  };
  const stream = observed(dispatch(chunksOf([[1, 2, 3]]), executor.options({ strategy })));
  await quiet();
  executor.answerAll();
  await quiet();
  expect([stream.records, stream.hasEnded]).toEqual([[1, 2, 3], true]);
});

test("what a strategy throws when it is to describe itself does not keep the unfinished from being told", async () => {
  const executor = new ScriptedExecutor();
  const strategy = Object.assign(new Singly(), {
    describe: () => {
      throw new Error("out of order");
    },
  });
  executor.answerAll();
  const stream = observed(dispatch(chunksOf([[1]]), executor.options({ strategy })));
  await quiet();
  expect([stream.records, stream.thrown, executor.unfinished]).toEqual([[1], undefined, [[]]]);
});

test("what upstream throws when it is left does not keep the unfinished from being told", async () => {
  const executor = new ScriptedExecutor();
  async function* upstream(): AsyncGenerator<number[]> {
    try {
      yield [1, 2, 3];
      yield [4];
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what is under test is one that does this.
      throw new Error("cannot leave");
    }
  }
  const outcomes = dispatch(upstream(), executor.options({ maxInFlight: 1 }));
  const first = outcomes.next();
  await quiet();
  executor.answer(0);
  await first;
  await expect(outcomes.return(undefined)).rejects.toThrow("cannot leave");
  expect(executor.unfinished).toEqual([[3, 4]]);
});

test("`completed` is told how long a batch took, and whether it was answered at the first try", async () => {
  const executor = new ScriptedExecutor();
  const told: unknown[] = [];
  const strategy = Object.assign(new Singly(), {
    completed: (batch: readonly Waiting<number>[], how: object) =>
      told.push([batch.map(({ record }) => record), how]),
  });
  let tries = 0;
  const options = executor.options({
    strategy,
    judge: (): Verdict => (++tries === 1 ? { kind: "retry", afterMs: 50 } : { kind: "reject" }),
  });
  observed(dispatch(chunksOf([[1, 2]]), options));
  await quiet();
  executor.fail(0, new Failing("records", "not yet"));
  await quiet();
  await executor.clock.advance(20);
  executor.answer(1);
  await quiet();
  await executor.clock.advance(30);
  executor.answer(2);
  await quiet();
  expect(told).toEqual([
    [[2], { durationMs: 20, ok: true }],
    [[1], { durationMs: 50, ok: false }],
  ]);
});

test("a record that the strategy does not take is rejected alone, in its place", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const stream = observed(dispatch(chunksOf([[1, 2, 3]]), executor.options({ strategy: refusing(2) })));
  await quiet();
  expect(stream.outcomes).toMatchObject([
    { kind: "done", record: 1 },
    { kind: "failed", record: 2, error: new RangeError("cannot batch 2"), verdict: { kind: "reject" } },
    { kind: "done", record: 3 },
  ]);
});

test("a record that the strategy does not take may be tried again, which does not help, and holds up nobody", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const options = executor.options({
    strategy: refusing(1),
    ordering: "as-completed",
    judge: ({ attempts }) => (attempts < 3 ? { kind: "retry", afterMs: 50 } : { kind: "reject" }),
  });
  const stream = observed(dispatch(chunksOf([[1, 2, 3]]), options));
  await quiet();
  expect(stream.records).toEqual([2, 3]);
  await executor.clock.advance(100);
  expect(stream.outcomes.at(-1)).toMatchObject({ kind: "failed", record: 1, attempts: 3 });
  expect(stream.hasEnded).toBe(true);
});

test("a record that the strategy does not take may end the stream, in its turn", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const options = executor.options({ strategy: refusing(2), judge: () => ({ kind: "halt" }) });
  const stream = observed(dispatch(chunksOf([[1, 2, 3]]), options));
  await quiet();
  expect([stream.records, stream.thrown]).toEqual([[1], new RangeError("cannot batch 2")]);
  expect(executor.unfinished).toEqual([[2, 3]]);
});

test("a record that the strategy does not take gives its permit to the next", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const rateLimit = { limit: 1, intervalMs: 100 };
  const stream = observed(
    dispatch(chunksOf([[1, 2], [3]]), executor.options({ strategy: refusing(1), rateLimit })),
  );
  await quiet();
  await executor.clock.advance(200);
  expect([stream.records, stream.hasEnded]).toEqual([[1, 2, 3], true]);
  expect(executor.sent.map(({ at }) => at)).toEqual([0, 100]);
});

test("a record whose key cannot be told fails alone", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const broken = new Error("no key");
  const keyOf = (record: number): number => {
    if (record === 2) throw broken;
    return record;
  };
  const options = executor.options({ rateLimit: { limit: 1, intervalMs: 100, keyOf } });
  const stream = observed(dispatch(chunksOf([[1, 2, 3]]), options));
  await quiet();
  expect(stream.outcomes).toMatchObject([
    { kind: "done" },
    { kind: "failed", error: broken },
    { kind: "done" },
  ]);
});

test("records of a key that may not be sent yet let others go by", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const options = executor.options({
    ordering: "as-completed",
    rateLimit: { limit: 2, intervalMs: 100, keyOf: (record) => record >= 100 },
  });
  const stream = observed(dispatch(chunksOf([[1, 2, 3, 4, 100], [101]]), options));
  await quiet();
  expect(stream.records).toEqual([1, 2, 100, 101]);
  await executor.clock.advance(100);
  expect([stream.records, stream.hasEnded]).toEqual([[1, 2, 100, 101, 3, 4], true]);
});

test("a rate limit below the size of a batch cuts batches, and nothing waits for ever", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const options = executor.options({
    strategy: new FixedBatches(10),
    rateLimit: { limit: 3, intervalMs: 100 },
  });
  const stream = observed(dispatch(chunksOf([upTo(4), [4, 5, 6, 7]]), options));
  await quiet();
  await executor.clock.advance(1_000);
  expect(executor.sent.map(({ at, batch }) => [at, batch])).toEqual([
    [0, [0, 1, 2]],
    [100, [3, 4, 5]],
    [200, [6, 7]],
  ]);
  expect(stream.hasEnded).toBe(true);
});

test("the last records do not wait for others that may not be sent yet, although their batch is not full", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  // With keys the input is read to its end meanwhile.
  const rateLimit = { limit: 3, intervalMs: 100, keyOf: () => "all" };
  observed(dispatch(chunksOf([upTo(4)]), executor.options({ rateLimit })));
  await quiet();
  expect(executor.batches).toEqual([[0, 1], [2]]);
  await executor.clock.advance(100);
  expect(executor.batches).toEqual([[0, 1], [2], [3]]);
});

test("nothing is pulled while records wait for a rate limit that has no keys", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  let pulled = 0;
  const upstream = endless(() => {
    pulled += 1;
  });
  observed(dispatch(upstream, executor.options({ rateLimit: { limit: 2, intervalMs: 100 } })));
  await quiet();
  expect(pulled).toBe(3);
});

/** The first try of each batch fails, and is tried again after so long. */
function failingFirst(executor: ScriptedExecutor, afterMs: number): Partial<DispatchOptions<number, string>> {
  const tried = new Set<string>();
  const { execute } = executor.options();
  executor.answerAll();
  return {
    execute: (batch, how) => {
      const answer = execute(batch, how);
      if (tried.has(batch.join())) return answer;
      tried.add(batch.join());
      return Promise.reject(new Failing("records", "not yet"));
    },
    judge: () => ({ kind: "retry", afterMs }),
  };
}

/** How many records were sent in the stretch of that length that saw most. */
function mostWithin(executor: ScriptedExecutor, intervalMs: number): number {
  const sent = executor.sent.flatMap(({ at, batch }) => batch.map(() => at));
  return Math.max(...sent.map((from) => sent.filter((at) => at >= from && at < from + intervalMs).length));
}

test("what is sent again counts again", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({
    ...failingFirst(executor, 10),
    rateLimit: { limit: 2, intervalMs: 100 },
  });
  const stream = observed(dispatch(chunksOf([[1, 2]]), options));
  await quiet();
  await executor.clock.advance(99);
  expect(executor.batches).toEqual([[1, 2]]);
  await executor.clock.advance(1);
  expect(executor.batches).toEqual([
    [1, 2],
    [1, 2],
  ]);
  expect(stream.hasEnded).toBe(true);
});

test("a batch that is sent again beside others does not go over the limit, however many records it has", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({
    ...failingFirst(executor, 10),
    strategy: new FixedBatches(3),
    rateLimit: { limit: 4, intervalMs: 100 },
  });
  const stream = observed(dispatch(chunksOf([upTo(20)]), options));
  await quiet();
  await executor.clock.advance(5_000);
  expect(stream.hasEnded).toBe(true);
  expect(mostWithin(executor, 100)).toBeLessThanOrEqual(4);
});

test("a key whose batch is to be sent again gets by those of the same key that wait for it with all the permits", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({
    ...failingFirst(executor, 500),
    strategy: new KeyedBatches<number>({ keyOf: () => "all", size: 1 }),
    rateLimit: { limit: 2, intervalMs: 100 },
  });
  const stream = observed(dispatch(chunksOf([upTo(6)]), options));
  await quiet();
  await executor.clock.advance(20_000);
  expect([stream.records, stream.hasEnded]).toEqual([upTo(6), true]);
  expect(mostWithin(executor, 100)).toBeLessThanOrEqual(2);
});

test("batches in trouble go on also when there is no room for those that have the permits", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({
    ...failingFirst(executor, 500),
    strategy: new FixedBatches(1),
    maxInFlight: 1,
    rateLimit: { limit: 10, intervalMs: 100 },
  });
  const stream = observed(dispatch(chunksOf([upTo(100)]), options));
  await quiet();
  await executor.clock.advance(60_000);
  expect([stream.records, stream.hasEnded]).toEqual([upTo(100), true]);
});

test.each<[string, Partial<DispatchOptions<number, string>>]>([
  ["for a rate limit", { rateLimit: { limit: 1, intervalMs: 100 }, strategy: new FixedBatches(1) }],
  ["for a batch to be due", { strategy: new MicroBatches({ maxSize: 10, maxWaitMs: 50 }) }],
  ["for a full batch", { strategy: new FixedBatches(10) }],
  ["for answers", { strategy: new FixedBatches(1) }],
  [
    "for a retry",
    {
      strategy: new FixedBatches(3),
      execute: () => Promise.reject(new Failing("records", "not yet")),
      judge: () => ({ kind: "retry", afterMs: 1_000 }),
    },
  ],
])(
  "stopped while everything waits %s it ends at once, all is told as unfinished, and no timer is left",
  async (_, changes) => {
    const executor = new ScriptedExecutor();
    const options = executor.options(changes);
    const stream = observed(dispatch(stuckAfter(options.stopped, [1, 2, 3]), options));
    await quiet();
    const reason = new Error("enough");
    executor.stopping.abort(reason);
    await quiet();
    expect([stream.hasEnded, stream.thrown]).toEqual([true, reason]);
    expect(executor.unfinished).toEqual([[1, 2, 3]]);
    expect(executor.clock.waiting).toBe(0);
  },
);

test("a stream that is stopped ends when what is worked on has ended", async () => {
  const executor = new ScriptedExecutor();
  executor.heedsStop = false;
  const stream = observed(dispatch(chunksOf([[1, 2, 3]]), executor.options()));
  await quiet();
  executor.stopping.abort(new Error("enough"));
  await quiet();
  expect(stream.hasEnded).toBe(false);
  const killed = new Error("killed");
  for (const index of executor.sent.keys()) executor.fail(index, killed);
  await quiet();
  expect([stream.hasEnded, stream.thrown, executor.unfinished]).toEqual([true, killed, [[1, 2, 3]]]);
});

test("nothing listens to `stopped` any longer when the stream has ended", async () => {
  const executor = new ScriptedExecutor();
  executor.answerAll();
  const stream = observed(dispatch(chunksOf([[1, 2, 3]]), executor.options()));
  await quiet();
  expect(stream.hasEnded).toBe(true);
  expect(getEventListeners(executor.stopping.signal, "abort")).toEqual([]);
});

test("a chunk that arrives while the stream ends is unfinished", async () => {
  const executor = new ScriptedExecutor();
  async function* upstream(): AsyncGenerator<number[]> {
    yield [1, 2];
    await new Promise<void>((resolve) => executor.stopping.signal.addEventListener("abort", () => resolve()));
    await quiet();
    yield [3, 4];
  }
  const stream = observed(dispatch(upstream(), executor.options()));
  await quiet();
  executor.stopping.abort(new Error("enough"));
  await quiet();
  await quiet();
  expect([stream.hasEnded, executor.unfinished]).toEqual([true, [[1, 2, 3, 4]]]);
  expect(executor.batches).toEqual([[1, 2]]);
});

test("after a failure nothing new is pulled, and what came before it is finished and given out first", async () => {
  const executor = new ScriptedExecutor();
  let pulled = 0;
  const upstream = endless(() => {
    pulled += 1;
  });
  const stream = observed(dispatch(upstream, executor.options()));
  await quiet();
  const error = new Error("broken");
  executor.fail(1, error);
  await quiet();
  expect([pulled, stream.hasEnded]).toEqual([4, false]);
  executor.answer(0);
  await quiet();
  expect([pulled, stream.records, stream.thrown]).toEqual([4, [0, 1], error]);
});

test("after a failure the records before it are sent, although their batch is not full", async () => {
  const executor = new ScriptedExecutor();
  const strategy = new KeyedBatches<number>({ keyOf: (record) => record % 2, size: 2 });
  const { stopped } = executor.options();
  const stream = observed(dispatch(stuckAfter(stopped, [0, 1, 3]), executor.options({ strategy })));
  await quiet();
  expect(executor.batches).toEqual([[1, 3]]);
  executor.fail(0, new Error("broken"));
  await quiet();
  expect(executor.batches).toEqual([[1, 3], [0]]);
  executor.answer(1);
  await quiet();
  expect(stream.records).toEqual([0]);
});

test("under `as-completed` a failure ends the stream at once, after what is done, and nothing more is sent", async () => {
  const executor = new ScriptedExecutor();
  const options = executor.options({ ordering: "as-completed" });
  const stream = observed(dispatch(chunksOf([upTo(8)]), options));
  await quiet();
  const error = new Error("broken");
  executor.answer(1);
  executor.fail(0, error);
  await quiet();
  expect([stream.records, stream.thrown, executor.sent.length]).toEqual([[2, 3], error, 2]);
  expect(executor.unfinished).toEqual([[0, 1, 4, 5, 6, 7]]);
});

test("a batch that is due wakes nobody when nothing is sent any more", async () => {
  const executor = new ScriptedExecutor();
  executor.heedsStop = false;
  let waits = 0;
  let now = 0;
  const clock: DispatchOptions<number, string>["clock"] = {
    now: () => now,
    sleep: async (ms, signal) => {
      waits += 1;
      now += ms;
      await quiet();
      signal.throwIfAborted();
    },
  };
  const strategy = new MicroBatches<number>({ maxSize: 2, maxWaitMs: 5 });
  const upstream = stuckAfter(executor.stopping.signal, upTo(3));
  const outcomes = dispatch(upstream, executor.options({ clock, strategy, maxInFlight: 2 }));
  const first = outcomes.next();
  await quiet();
  executor.stopping.abort(new Error("left"));
  now += 100;
  for (let turn = 0; turn < 20; turn++) await quiet();
  expect(waits).toBeLessThanOrEqual(2);
  for (const { answer } of executor.sent) answer.resolve(["a", "b"]);
  await first;
  await expect(outcomes.next()).rejects.toThrow("left");
});
