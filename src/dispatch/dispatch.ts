import { Intake } from "./intake.js";
import type { Fault, Judge, Outcome, RecordFailure } from "./judge.js";
import type { PoisonMemory } from "./poison.js";
import { type Place, search } from "./search.js";
import type { BatchStrategy } from "./strategy.js";
import { type Room, type Settled, Window } from "./window.js";

export interface DispatchOptions<Record, Result> {
  readonly strategy: BatchStrategy<Record>;
  /** How many batches may be worked on at once. */
  readonly maxInFlight: number;
  /** Carries out one batch, with a result, or a failure, for each record. Once `stop` is aborted nobody listens to the answer. */
  readonly execute: (
    batch: readonly Record[],
    how: { readonly place: Place; readonly stop: AbortSignal },
  ) => Promise<readonly (Result | RecordFailure)[]>;
  /** Whether a record only passes by, in its place. */
  readonly passes: (record: Record) => boolean;
  /** Decides on batches, and parts of them, that fail. */
  readonly judge: Judge<Record>;
  readonly faultOf: (error: unknown) => Fault;
  /** Whether a batch that failed may be searched for the records that fail alone; else all of them fail. */
  readonly divides: boolean;
  readonly poison: PoisonMemory<Record>;
  /** Waits before a retry. Rejects when `stop` is aborted. */
  readonly wait: (ms: number, stop: AbortSignal) => Promise<void>;
  /** Aborted when nobody wants more outcomes: batches in flight are not waited for any longer. */
  readonly stopped: AbortSignal;
  /** Called first when a batch ends the stream, so that whatever upstream waits for is given up. */
  readonly onFailure: (error: unknown) => void;
  /** Called once at the end, with the records that were taken and not given back. */
  readonly onUnfinished: (records: readonly Record[]) => void;
}

/**
 * Batching and bounded work in flight, in front of something that takes batches.
 *
 *     chunks ──▶ intake (batches) ──▶ window (in flight, in order) ──▶ outcomes
 *
 * Pulls when there is room, gives back in input order. It waits for whichever comes first, the next batch or the oldest answer: so an answer is
 * not held up by a slow input, nor the next batch by a slow answer. A batch that fails, and is tried again or searched, keeps its place in the order
 * and lets others go on meanwhile. When the input fails, what came before it is finished and given back first.
 */
export async function* dispatch<Record, Result>(
  upstream: AsyncIterable<readonly Record[]>,
  options: DispatchOptions<Record, Result>,
): AsyncGenerator<Outcome<Record, Result>[]> {
  const intake = new Intake(upstream, options.strategy);
  const window = new Window<Record[], Outcome<Record, Result>[]>(options.maxInFlight);
  const ending = new AbortController();
  const stop = AbortSignal.any([ending.signal, options.stopped]);
  let pulling: Promise<Pulled<Record>> | undefined;
  let exhausted = false;
  try {
    while (true) {
      if (pulling === undefined && !exhausted && !window.full)
        pulling = intake.next().then((batch) => ({ batch }));
      const answer = window.oldest;
      if (pulling === undefined && answer === undefined) break;
      const event = await firstOf(pulling, answer, window);
      if ("room" in event) continue;
      if ("batch" in event) {
        pulling = undefined;
        if (event.batch === undefined) exhausted = true;
        else putInFlight(event.batch, window, options, stop);
        continue;
      }
      if (!event.ok) {
        options.onFailure(event.error);
        throw event.error;
      }
      window.remove();
      yield event.value;
    }
    if (intake.failure) throw intake.failure.error;
  } finally {
    ending.abort();
    const pulled = await pulling;
    if (pulled?.batch !== undefined) intake.putBack(pulled.batch);
    await intake.close();
    options.onUnfinished([...window.held.flat(), ...intake.held]);
  }
}

interface Pulled<Record> {
  readonly batch: Record[] | undefined;
}

function firstOf<Record, Value>(
  pulling: Promise<Pulled<Record>> | undefined,
  answer: Promise<Settled<Value>> | undefined,
  window: Window<Record[], Value>,
): Promise<Pulled<Record> | Settled<Value> | Room> {
  const events = [pulling, answer].filter((each) => each !== undefined);
  // One that is pulled already is all the room there can be use for.
  return Promise.race(pulling === undefined ? [...events, window.nextRoom()] : events);
}

function putInFlight<Record, Result>(
  batch: Record[],
  window: Window<Record[], Outcome<Record, Result>[]>,
  options: DispatchOptions<Record, Result>,
  stop: AbortSignal,
): void {
  window.put(batch, async (onTrouble) => {
    const own = batch.filter((record) => !options.passes(record));
    if (own.length === 0) return amongPassing(batch, [], options);
    const outcomes = await search(own, {
      ...options,
      onTrouble,
      execute: (part, place) => options.execute(part, { place, stop }),
      wait: (ms) => options.wait(ms, stop),
    });
    return own.length === batch.length ? outcomes : amongPassing(batch, outcomes, options);
  });
}

/** The outcomes in the places of their records. */
function amongPassing<Record, Result>(
  batch: readonly Record[],
  outcomes: readonly Outcome<Record, Result>[],
  { passes }: DispatchOptions<Record, Result>,
): Outcome<Record, Result>[] {
  const own = outcomes.values();
  return batch.map((record) =>
    passes(record) ? { kind: "passed", record } : (own.next().value as Outcome<Record, Result>),
  );
}
