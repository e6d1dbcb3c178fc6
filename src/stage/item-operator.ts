import { setImmediate as nextRound } from "node:timers/promises";
import type { Failed, FinalVerdict, Judge, Verdict } from "../dispatch/judge.js";
import { untilStopped } from "../stopping.js";
import { type Chunk, failStage, type Operator, type StageContext, waitForRoom } from "./contract.js";
import type { Item } from "./item.js";
import { judgeOf } from "./judge.js";
import { PassingItem } from "./passing-item.js";
import { Settlement } from "./settlement.js";

/** What a stage that works on one item at a time does. */
export interface ItemWork<Result> {
  /** Works on the item; may be asynchronous. What it throws is the item's failure. */
  apply(item: Item): Result | PromiseLike<Result>;
  /** Puts down what came of it, at which try. What it throws ends the stage. */
  settle(item: Item, result: Result, settlement: Settlement, attempts: number): void;
  /** Told when an item has failed for good, and that is put down. */
  failed?(item: Item, error: unknown, verdict: FinalVerdict): void;
  /** Whether its function notes by itself when it is at work: where much is between one item and the next. */
  readonly isMetered?: boolean;
}

/** One item after the other, in order; node and route stages are this. */
export function itemOperator<Result>(work: ItemWork<Result>, context: StageContext): Operator {
  const judge = judgeOf(context.policy, context.stage, true);
  const settlement = new Settlement(context);
  return (upstream) => oneByOne(upstream, { work, judge, settlement, context, pausedMs: 0 });
}

interface Bench<Result> {
  readonly work: ItemWork<Result>;
  readonly judge: Judge<Item>;
  readonly settlement: Settlement;
  readonly context: StageContext;
  /** How long a chunk has waited for items that were to be tried again. */
  pausedMs: number;
}

async function* oneByOne<Result>(
  upstream: AsyncIterable<Chunk>,
  bench: Bench<Result>,
): AsyncGenerator<Chunk> {
  const { work, settlement, context } = bench;
  for await (const chunk of upstream) {
    bench.pausedMs = 0;
    const began = performance.now();
    const failure = await workThrough(chunk, bench);
    if (!work.isMetered) context.books.worked(performance.now() - began - bench.pausedMs);
    const done = settlement.close();
    if (done.length > 0) yield done;
    if (failure) throw failure.error;
    const room = context.books.room();
    if (room !== undefined) await waitForRoom(room, context);
  }
}

/** Gives back what ended the chunk early. */
async function workThrough<Result>(
  chunk: Chunk,
  bench: Bench<Result>,
): Promise<{ error: unknown } | undefined> {
  const { work, settlement, context } = bench;
  for (let index = 0; index < chunk.length; index++) {
    const item = chunk[index] as Item;
    if (PassingItem.passes(item, context.index)) {
      settlement.passes(item);
      continue;
    }
    try {
      let result: Result;
      try {
        const given = work.apply(item);
        // Only what is a promise is awaited: an await for each record would cost more than most functions.
        result = isThenable(given) ? await untilStopped(given, context.stopped) : given;
      } catch (error) {
        await settleFailed(error, item, bench);
        continue;
      }
      work.settle(item, result, settlement, 1);
    } catch (fatal) {
      context.books.unfinished(chunk.slice(index));
      return { error: failStage(fatal, context) };
    }
  }
  return undefined;
}

/** Puts down what comes of an item that failed the first time, and that the policy may want tried again. @throws what ends the stage. */
async function settleFailed<Result>(first: unknown, item: Item, bench: Bench<Result>): Promise<void> {
  const { work, settlement, context } = bench;
  let error = first;
  for (let attempts = 1; ; attempts += 1) {
    // Whatever it threw: it was not waited for.
    if (context.stopped.aborted) throw error;
    const verdict = await verdictOn({ error, records: [item], attempts }, bench);
    if (verdict.kind === "halt") throw error;
    if (verdict.kind !== "retry") {
      settlement.fails(item, error, verdict, attempts);
      work.failed?.(item, error, verdict);
      return;
    }
    let result: Result;
    try {
      result = await untilStopped(Promise.resolve(work.apply(item)), context.stopped);
    } catch (again) {
      error = again;
      continue;
    }
    work.settle(item, result, settlement, attempts + 1);
    return;
  }
}

/** What the policy says of an item that has failed, when the wait is over that it may want before the next try. */
async function verdictOn<Result>(failed: Failed<Item>, bench: Bench<Result>): Promise<Verdict> {
  const { judge, context } = bench;
  const began = performance.now();
  try {
    const verdict = await untilStopped(Promise.resolve(judge(failed)), context.stopped);
    if (verdict.kind !== "retry") return verdict;
    if (verdict.afterMs > 0) await context.clock.sleep(verdict.afterMs, context.stopped);
    // A policy that never gives up must not keep everybody else, and its own abort, waiting.
    else await nextRound();
    return verdict;
  } finally {
    bench.pausedMs += performance.now() - began;
    context.books.waited("retry", began);
  }
}

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
