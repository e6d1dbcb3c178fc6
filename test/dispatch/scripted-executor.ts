import type { Outcome } from "../../src/dispatch/judge.js";
import type { DispatchOptions } from "../../src/dispatch/options.js";
import { FixedBatches } from "../../src/dispatch/strategies/fixed.js";
import { fakeClock } from "../../src/testing/fake-clock.js";
import { type Deferred, deferred } from "./deferred.js";
import { faultOf, poisonOf, rejecting } from "./failing.js";

interface Sent {
  readonly at: number;
  readonly batch: readonly number[];
  readonly stop: AbortSignal;
  readonly answer: Deferred<readonly string[]>;
}

/** Something that takes batches, and answers when the test says so. */
export class ScriptedExecutor {
  readonly clock = fakeClock();
  readonly sent: Sent[] = [];
  readonly failures: unknown[] = [];
  readonly unfinished: number[][] = [];
  readonly stopping = new AbortController();
  /** Whether what is worked on ends as soon as it is stopped. */
  heedsStop = true;
  #answersAll = false;

  options(changes: Partial<DispatchOptions<number, string>> = {}): DispatchOptions<number, string> {
    return {
      strategy: new FixedBatches(2),
      ordering: "preserve",
      maxInFlight: 2,
      buffer: { rows: 1_000, bytes: 1_000 },
      sizeOf: () => 1,
      clock: this.clock,
      execute: (batch, { stop }) => {
        const answer = deferred<readonly string[]>();
        this.sent.push({ at: this.clock.now(), batch, stop, answer });
        stop.addEventListener("abort", () => this.heedsStop && answer.reject(stop.reason), { once: true });
        if (this.#answersAll) this.answer(this.sent.length - 1);
        return answer.promise;
      },
      passes: () => false,
      judge: rejecting,
      faultOf,
      divides: true,
      poison: poisonOf(),
      wait: async (ms, stop) => {
        if (ms > 0) await this.clock.sleep(ms, stop);
      },
      stopped: this.stopping.signal,
      onFailure: (error) => this.failures.push(error),
      onEnd: (unfinished) => this.unfinished.push([...unfinished]),
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

  /** Answers all that it was sent, and what it is sent from now on. */
  answerAll(): void {
    this.#answersAll = true;
    for (const index of this.sent.keys()) this.answer(index);
  }

  fail(index: number, error: unknown): void {
    this.sent[index]?.answer.reject(error);
  }
}

/** Records from 0 on, one in a chunk. */
export async function* endless(onPull: () => void = () => {}): AsyncGenerator<number[]> {
  for (let record = 0; ; record++) {
    onPull();
    yield [record];
  }
}

/** What a stream has given so far, and how it has ended, if it has. */
export interface Observed {
  readonly outcomes: Outcome<number, string>[];
  readonly records: number[];
  hasEnded: boolean;
  thrown: unknown;
}

/** Takes all that a stream gives, as soon as it gives it. */
export function observed(stream: AsyncIterable<Outcome<number, string>[]>): Observed {
  const outcomes: Outcome<number, string>[] = [];
  const state: Observed = {
    outcomes,
    get records() {
      return outcomes.map(({ record }) => record);
    },
    hasEnded: false,
    thrown: undefined,
  };
  const taking = async (): Promise<void> => {
    for await (const given of stream) outcomes.push(...given);
  };
  void taking()
    .catch((error: unknown) => {
      state.thrown = error;
    })
    .then(() => {
      state.hasEnded = true;
    });
  return state;
}
