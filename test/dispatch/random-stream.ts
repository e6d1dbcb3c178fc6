import fc from "fast-check";
import { expect } from "vitest";
import { dispatch } from "../../src/dispatch/dispatch.js";
import type { Outcome } from "../../src/dispatch/judge.js";
import type { Ordering } from "../../src/dispatch/order.js";
import { AdaptiveBatches } from "../../src/dispatch/strategies/adaptive.js";
import { FixedBatches } from "../../src/dispatch/strategies/fixed.js";
import { KeyedBatches } from "../../src/dispatch/strategies/keyed.js";
import { MicroBatches } from "../../src/dispatch/strategies/micro-batch.js";
import { WeightedBatches } from "../../src/dispatch/strategies/weighted.js";
import type { BatchStrategy } from "../../src/dispatch/strategy.js";
import { fakeClock } from "../../src/testing/fake-clock.js";
import { type Bad, badRecords, cycle } from "./arbitraries.js";
import { hops, quiet } from "./deferred.js";
import { Failing, faultOf, poisonOf, rejecting } from "./failing.js";

const positive = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const records = (max: number): fc.Arbitrary<number[]> => fc.uniqueArray(fc.nat(40), { maxLength: max });
/** What something takes: turns of the microtask queue, or milliseconds. */
const delay = fc.oneof(
  fc.record({ hops: fc.nat(12), ms: fc.constant(0) }),
  fc.record({ hops: fc.constant(0), ms: positive(60) }),
);
const delays = fc.array(delay, { minLength: 1, maxLength: 10 });

const rateLimit = fc.record({
  limit: positive(6),
  intervalMs: positive(80),
  keys: fc.option(positive(3), { nil: undefined }),
});

/** Chunks, a strategy and its settings, what is held and sent at most, what takes how long, what fails how, and how it ends. */
export const stream = fc.record({
  chunks: fc.array(fc.nat(6), { maxLength: 8 }),
  upstreamDelays: delays,
  upstreamFails: fc.boolean(),
  strategy: fc.constantFrom("fixed", "weighted", "keyed", "micro", "adaptive"),
  size: positive(7),
  waitMs: positive(90),
  keys: positive(4),
  ordering: fc.constantFrom<Ordering>("preserve", "as-completed"),
  maxInFlight: positive(4),
  rows: fc.oneof(positive(12), fc.constant(1_000)),
  bytes: fc.oneof(positive(60), fc.constant(100_000)),
  rateLimit: fc.option(rateLimit, { nil: undefined }),
  delays,
  bad: badRecords,
  /** Records that weighted and keyed batches do not take. */
  refused: records(4),
  passing: records(5),
  fatal: fc.option(fc.nat(60), { nil: undefined }),
  retries: fc.nat(2),
  leaveAfter: fc.option(fc.nat(6), { nil: undefined, freq: 3 }),
  stopAfter: fc.option(fc.nat(6), { nil: undefined, freq: 3 }),
  stopAtMs: fc.option(fc.nat(200), { nil: undefined, freq: 3 }),
});

export type Stream = typeof stream extends fc.Arbitrary<infer Value> ? Value : never;

/** A batch between the strategy and `completed`. */
interface Worked {
  readonly numbers: readonly number[];
  isInTrouble: boolean;
}

/** What was seen of a stream. */
export interface Ran {
  readonly outcomes: Outcome<number, number>[];
  readonly unfinished: readonly number[];
  /** How many records were taken from upstream. */
  taken: number;
  thrown: unknown;
  /** How many batches were worked on at most, those in trouble apart, and with them. */
  readonly most: { working: number; all: number };
  /** What was held each time that more was asked for. */
  readonly heldAtPull: { readonly rows: number; readonly bytes: number }[];
  readonly sent: { readonly at: number; readonly record: number }[];
  /** Batches of one key that were worked on at once, or came out of order. */
  readonly disorder: string[];
  /** Who waited for a time when all was over. */
  sleepers: number;
}

const KEYLESS = "no key";

function bytesOf(record: number): number {
  return 1 + (record % 9);
}

function strategyOf(given: Stream): BatchStrategy<number> {
  const { size, keys, refused, waitMs } = given;
  if (given.strategy === "fixed") return new FixedBatches(size);
  if (given.strategy === "micro") return new MicroBatches({ maxSize: size, maxWaitMs: waitMs });
  if (given.strategy === "adaptive")
    return new AdaptiveBatches({ latencyMs: waitMs, minSize: 1, maxSize: size });
  if (given.strategy === "keyed") {
    const keyOf = (record: number): number => {
      if (refused.includes(record)) throw new Error(KEYLESS);
      return record % keys;
    };
    return new KeyedBatches({ keyOf, size });
  }
  const weightOf = (record: number): number => (refused.includes(record) ? Number.NaN : record % 5);
  return new WeightedBatches({ maxWeight: size, weightOf });
}

/** Records that are batched together have one rate limit: otherwise those that may be sent go by others of their batch key. */
function limitKeyOf(record: number, given: Stream, keys: number): number {
  return (given.strategy === "keyed" ? record % given.keys : record) % keys;
}

/** A strategy that notes what is worked on, in which order. */
function watched(given: Stream, working: Set<Worked>, ran: Ran): BatchStrategy<number> {
  const strategy = strategyOf(given);
  const last = new Map<number, number>();

  function begin(numbers: readonly number[]): void {
    if (given.strategy === "keyed") {
      const key = (numbers[0] as number) % given.keys;
      const isBusy = [...working].some((other) => (other.numbers[0] as number) % given.keys === key);
      if (isBusy) ran.disorder.push(`${numbers} beside others of its key`);
      for (const number of numbers) {
        if (number % given.keys !== key || number <= (last.get(key) ?? -1)) ran.disorder.push(`${number}`);
        last.set(key, number);
      }
    }
    working.add({ numbers, isInTrouble: false });
    ran.most.all = Math.max(ran.most.all, working.size);
    const atWork = [...working].filter(({ isInTrouble }) => !isInTrouble).length;
    ran.most.working = Math.max(ran.most.working, atWork);
  }

  return {
    add: (waiting) => strategy.add(waiting),
    next: (when) => {
      const batch = strategy.next(when);
      if (batch !== undefined) begin(batch.map(({ record }) => record));
      return batch;
    },
    completed: (batch, how) => {
      for (const each of working) if (each.numbers[0] === batch[0]?.record) working.delete(each);
      strategy.completed?.(batch, how);
    },
    get dueAt() {
      return strategy.dueAt;
    },
    gathersAhead: strategy.gathersAhead === true,
  };
}

/** Takes all of a random stream, on a clock that is moved on for as long as somebody waits for it. */
export async function runStream(given: Stream): Promise<Ran> {
  const clock = fakeClock();
  const stopping = new AbortController();
  const stopped = new Error("stopped");
  const working = new Set<Worked>();
  const unfinished: number[] = [];
  const ran: Ran = {
    outcomes: [],
    unfinished,
    taken: 0,
    thrown: undefined,
    most: { working: 0, all: 0 },
    heldAtPull: [],
    sent: [],
    disorder: [],
    sleepers: 0,
  };
  let position = 0;

  async function take({ hops: turns, ms }: { hops: number; ms: number }, stop?: AbortSignal): Promise<void> {
    await hops(turns);
    if (ms > 0) await clock.sleep(ms, stop);
  }

  function heldNow(): { rows: number; bytes: number } {
    const gone = new Set(ran.outcomes.map(({ record }) => record));
    const held = Array.from({ length: ran.taken }, (_, record) => record).filter(
      (record) => !gone.has(record),
    );
    const own = held.filter((record) => !given.passing.includes(record));
    return { rows: held.length, bytes: own.reduce((sum, record) => sum + bytesOf(record), 0) };
  }

  async function* upstream(): AsyncGenerator<number[]> {
    for (const [index, length] of given.chunks.entries()) {
      ran.heldAtPull.push(heldNow());
      await take(cycle(given.upstreamDelays, index));
      yield Array.from({ length }, () => ran.taken++);
    }
    if (given.upstreamFails) throw new Error("upstream");
  }

  async function execute(batch: readonly number[], stop: AbortSignal): Promise<number[]> {
    for (const record of batch) ran.sent.push({ at: clock.now(), record });
    await take(cycle(given.delays, position++), stop);
    stop.throwIfAborted();
    if (batch.some((record) => record === given.fatal)) throw new Failing("everyone", "fatal");
    const found = batch.find((record) => given.bad.has(record));
    if (found === undefined) return batch.map((record) => record * 10);
    for (const each of working) if (each.numbers.includes(batch[0] as number)) each.isInTrouble = true;
    throw new Failing(given.bad.get(found) as Bad, `${found}`);
  }

  const { keys } = given.rateLimit ?? {};
  const outcomes = dispatch<number, number>(upstream(), {
    strategy: watched(given, working, ran),
    batchRows: given.size,
    ordering: given.ordering,
    maxInFlight: given.maxInFlight,
    buffer: { rows: given.rows, bytes: given.bytes },
    sizeOf: bytesOf,
    rateLimit: given.rateLimit && {
      ...given.rateLimit,
      keyOf: keys === undefined ? undefined : (record) => limitKeyOf(record, given, keys),
    },
    clock,
    passes: (record) => given.passing.includes(record),
    execute: (batch, { stop }) => execute(batch, stop),
    judge: (failed) => (failed.attempts <= given.retries ? { kind: "retry", afterMs: 1 } : rejecting(failed)),
    faultOf,
    divides: true,
    poison: poisonOf(),
    wait: (_, stop) => take(cycle(given.delays, position++), stop),
    stopped: stopping.signal,
    onFailure: () => {},
    onEnd: (held) => unfinished.push(...held),
  });

  async function consume(): Promise<void> {
    let received = 0;
    for await (const each of outcomes) {
      ran.outcomes.push(...each);
      if (received === given.stopAfter) stopping.abort(stopped);
      if (received++ === given.leaveAfter) break;
    }
  }

  let hasEnded = false;
  void consume()
    .catch((error: unknown) => {
      ran.thrown = error;
    })
    .then(() => {
      hasEnded = true;
    });
  await quiet();
  while (!hasEnded) {
    if (given.stopAtMs !== undefined && clock.now() >= given.stopAtMs) stopping.abort(stopped);
    else if (clock.waiting === 0) expect.fail(`nobody goes on: ${JSON.stringify(ran)}`);
    await clock.advance(20);
  }
  await quiet();
  ran.sleepers = clock.waiting;
  return ran;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, record) => record);
}

/** What becomes of a record, in batches of whatever size. */
function expectedOf(record: number, given: Stream): unknown {
  if (given.passing.includes(record)) return { kind: "passed", record };
  const isRefused = given.strategy === "keyed" || given.strategy === "weighted";
  if ((isRefused && given.refused.includes(record)) || given.bad.has(record))
    return { kind: "failed", record };
  return { kind: "done", record, result: record * 10 };
}

/** Each throws where it does not hold. */
export const STREAM_LAWS: Readonly<Record<string, (given: Stream, ran: Ran) => void>> = {
  "each record becomes what it would in a batch of its own, and is given out once or unfinished": (
    given,
    ran,
  ) => {
    for (const outcome of ran.outcomes)
      expect(outcome).toMatchObject(expectedOf(outcome.record, given) as object);
    const told = [...ran.outcomes.map(({ record }) => record), ...ran.unfinished];
    expect(told.toSorted((one, other) => one - other)).toEqual(upTo(ran.taken));
  },
  "under `preserve` the order is that of the input, and so it is of the unfinished": (given, ran) => {
    const givenOut = ran.outcomes.map(({ record }) => record);
    if (given.ordering === "preserve") expect([...givenOut, ...ran.unfinished]).toEqual(upTo(ran.taken));
    expect(ran.unfinished).toEqual(ran.unfinished.toSorted((one, other) => one - other));
  },
  "it ends as it must, and with nothing left undone unless it was left, stopped or broken": (given, ran) => {
    const message = (ran.thrown as Error | undefined)?.message;
    expect([undefined, "upstream", "fatal", "stopped"]).toContain(message);
    if (message === "upstream" || (message === undefined && given.leaveAfter === undefined))
      expect(ran.unfinished).toEqual([]);
    if (message === undefined && given.leaveAfter === undefined) expect(given.upstreamFails).toBe(false);
  },
  "no more batches are worked on than may be, those in trouble apart, of which there are few": (
    given,
    ran,
  ) => {
    expect(ran.most.working).toBeLessThanOrEqual(given.maxInFlight);
    expect(ran.most.all).toBeLessThanOrEqual(given.maxInFlight + 8);
  },
  "more is asked for only while less is held than may be": (given, ran) => {
    for (const { rows, bytes } of ran.heldAtPull) {
      expect(rows).toBeLessThan(given.rows);
      expect(bytes).toBeLessThan(given.bytes);
    }
  },
  "the batches of a key are worked on one after the other, in the order of the input": (_, ran) => {
    expect(ran.disorder).toEqual([]);
  },
  "no stretch of time sees more records sent than the rate limit allows, for each key": (given, ran) => {
    if (given.rateLimit === undefined) return;
    const { limit, intervalMs, keys = 1 } = given.rateLimit;
    const keyOf = (record: number): number => limitKeyOf(record, given, keys);
    for (const { at, record } of ran.sent) {
      const stretch = ran.sent.filter(
        (other) => keyOf(other.record) === keyOf(record) && other.at >= at && other.at < at + intervalMs,
      );
      expect(stretch.length).toBeLessThanOrEqual(limit);
    }
  },
  "no timer is left": (_, ran) => {
    expect(ran.sleepers).toBe(0);
  },
};
