import { dispatch } from "../dispatch/dispatch.js";
import type { FinalVerdict, Judge, Outcome } from "../dispatch/judge.js";
import type { DispatchOptions } from "../dispatch/options.js";
import { PoisonMemory } from "../dispatch/poison.js";
import { untilStopped } from "../stopping.js";
import type { Batching } from "./batching.js";
import { type Chunk, type Operator, type StageContext, waitForRoom, waiting } from "./contract.js";
import type { Item } from "./item.js";
import { bufferOf, keyOf, type Pacing } from "./pacing.js";
import { PassingItem } from "./passing-item.js";
import { PayloadSizes } from "./payload-sizes.js";

/** What a stage that works on several items at once does. */
export interface BatchWork<Result>
  extends Pick<DispatchOptions<Item, Result>, "maxInFlight" | "execute" | "faultOf" | "suspectOf"> {
  readonly batching: Batching;
  readonly pacing: Pacing;
  /** Whether an item may be given to it more than once. */
  readonly repeats: boolean;
  /** What the policy says to failures. */
  readonly judge: Judge<Item>;
  /** The same for payloads that are alike to it; undefined: not to be remembered. */
  readonly fingerprintOf: (item: Item) => string | undefined;
  /** How much memory each payload takes, in bytes, where that is known without looking at it. */
  readonly bytesOfRow?: (() => number | undefined) | undefined;
  /** What ends the run when a batch fails with this error and nothing is to be done about it. */
  readonly atFault: (error: unknown) => unknown;
  readonly settlement: { passes(item: Item): void; close(): Item[] };
  /** Puts down what came of an item, at which try. What it throws ends the stage. */
  settle(item: Item, result: Result, attempts: number): void;
  /** Puts down that an item has failed for good. What it throws ends the stage. */
  fail(item: Item, error: unknown, verdict: FinalVerdict, attempts: number): void;
}

/** Items in batches, several of them in flight at once; python stages are this, and node stages that do more than one thing at a time. */
export function dispatchOperator<Result>(work: BatchWork<Result>, context: StageContext): Operator {
  return (upstream) => dispatched(upstream, work, context);
}

async function* dispatched<Result>(
  upstream: AsyncIterable<Chunk>,
  work: BatchWork<Result>,
  context: StageContext,
): AsyncGenerator<Chunk> {
  let failure: { error: unknown } | undefined;
  const onFailure = (error: unknown): void => {
    failure = { error: work.atFault(error) };
    context.stop(error);
  };
  const outcomes = dispatch<Item, Result>(upstream, optionsOf(work, context, onFailure));
  try {
    for await (const answered of outcomes) {
      const tooMany = settle(answered, work, context);
      const done = work.settlement.close();
      if (done.length > 0) yield done;
      if (tooMany) throw tooMany.error;
      const room = context.books.room();
      if (room !== undefined) await waitForRoom(room, context);
    }
  } catch (error) {
    throw failure ? failure.error : error;
  }
}

function optionsOf<Result>(
  {
    batching,
    pacing,
    maxInFlight,
    execute,
    faultOf,
    suspectOf,
    bytesOfRow,
    repeats,
    judge,
    fingerprintOf,
  }: BatchWork<Result>,
  context: StageContext,
  onFailure: (error: unknown) => void,
): DispatchOptions<Item, Result> {
  const { books, clock, stopped, index, ordering } = context;
  const { rateLimit } = pacing;
  const sizes = new PayloadSizes();
  return {
    strategy: batching.create(),
    batchRows: batching.size,
    ordering: pacing.ordering ?? ordering,
    maxInFlight,
    buffer: bufferOf(pacing, maxInFlight, batching.size),
    sizeOf: (item) => bytesOfRow?.() ?? sizes.ofItem(item),
    rateLimit: rateLimit && { ...rateLimit, keyOf: keyOf(rateLimit) },
    clock,
    execute,
    passes: (item) => PassingItem.passes(item, index),
    // A function of the user's may take its time, and must not hold up the end.
    judge: (failed) => {
      const verdict = judge(failed);
      return verdict instanceof Promise ? waiting("retry", books, untilStopped(verdict, stopped)) : verdict;
    },
    faultOf,
    suspectOf,
    divides: repeats,
    poison: new PoisonMemory(fingerprintOf),
    wait: async (ms, stop) => {
      if (ms > 0) await waiting("retry", books, clock.sleep(ms, stop));
    },
    stopped,
    onEnd: (unfinished, strategy) => {
      books.unfinished(unfinished);
      if (strategy !== undefined) books.batched({ name: batching.name, ...strategy });
    },
    onFailure,
  };
}

/** Puts down what became of a batch; gives back what ends the stage: more were rejected than may be. */
function settle<Result>(
  outcomes: readonly Outcome<Item, Result>[],
  work: BatchWork<Result>,
  { books }: StageContext,
): { error: unknown } | undefined {
  for (let index = 0; index < outcomes.length; index++) {
    try {
      put(outcomes[index] as Outcome<Item, Result>, work);
    } catch (error) {
      books.unfinished(outcomes.slice(index).map(({ record }) => record));
      return { error };
    }
  }
  return undefined;
}

function put<Result>(outcome: Outcome<Item, Result>, work: BatchWork<Result>): void {
  const { record } = outcome;
  if (outcome.kind === "passed") work.settlement.passes(record);
  else if (outcome.kind === "failed") work.fail(record, outcome.error, outcome.verdict, outcome.attempts);
  else work.settle(record, outcome.result, outcome.attempts);
}
