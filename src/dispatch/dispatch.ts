import { halve, type Outcome } from "./halving.js";
import { Intake } from "./intake.js";
import type { BatchStrategy } from "./strategy.js";
import { type Settled, Window } from "./window.js";

export interface DispatchOptions<Record, Result> {
  readonly strategy: BatchStrategy<Record>;
  /** How many batches may be worked on at once. */
  readonly maxInFlight: number;
  /** Carries out one batch, with a result for each record. Once `stop` is aborted nobody listens to the answer. */
  readonly execute: (batch: readonly Record[], stop: AbortSignal) => Promise<readonly Result[]>;
  /** Whether a failed batch may be searched for the records that fail alone; else it ends the stream. */
  readonly blames: (error: unknown) => boolean;
  /** Whether a batch that is searched may be cut into halves; else all its records fail. */
  readonly divides: boolean;
  /** Aborted when nobody wants more outcomes: batches in flight are not waited for any longer. */
  readonly stopped: AbortSignal;
  /** Called first when a batch ends the stream, so that whatever upstream waits for is given up. */
  readonly onFailure: (error: unknown) => void;
  /** Called once at the end, with the number of records that were taken and not given back. */
  readonly onUnfinished: (count: number) => void;
}

/**
 * Batching and bounded work in flight, in front of something that takes batches.
 *
 *     chunks ──▶ intake (batches) ──▶ window (in flight, in order) ──▶ outcomes
 *
 * Pulls when there is room, gives back in input order. It waits for whichever comes first, the next batch or the oldest answer: so an answer is
 * not held up by a slow input, nor the next batch by a slow answer. When the input fails, what came before it is finished and given back first.
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
      const event = await firstOf(pulling, answer);
      if ("batch" in event) {
        pulling = undefined;
        if (event.batch === undefined) exhausted = true;
        else window.put(event.batch, work(event.batch, options, stop));
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
    options.onUnfinished(intake.held + window.held);
  }
}

interface Pulled<Record> {
  readonly batch: Record[] | undefined;
}

function firstOf<Record, Value>(
  pulling: Promise<Pulled<Record>> | undefined,
  answer: Promise<Settled<Value>> | undefined,
): Promise<Pulled<Record> | Settled<Value>> {
  if (pulling === undefined) return answer as Promise<Settled<Value>>;
  return answer === undefined ? pulling : Promise.race([pulling, answer]);
}

async function work<Record, Result>(
  batch: Record[],
  options: DispatchOptions<Record, Result>,
  stop: AbortSignal,
): Promise<Outcome<Record, Result>[]> {
  return halve(batch, (part) => options.execute(part, stop), options);
}
