import { setImmediate as nextRound } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../clock.js";
import { type Duration, duration, positiveInteger } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";

const durationArgument = z.strictObject({ by: duration });
const countArgument = z.strictObject({ count: positiveInteger });

/** Someone who waits for a time to come. */
interface Sleeper {
  readonly due: number;
  wake(): void;
}

/** Someone who waits until so many sleep. */
interface Onlooker {
  readonly count: number;
  tell(): void;
}

/** A clock that stands still until a test moves it. Made by `fakeClock()`. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly #onlookers = new Set<Onlooker>();

  /** How many sleep now. */
  get waiting(): number {
    return this.#sleepers.size;
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        leave();
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        due: this.#now + ms,
        wake: () => {
          leave();
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", onAbort);
      this.#tellOnlookers();
    });
  }

  /**
   * Moves the time on. Those whose time comes wake one after the other, in the order in which they are due, and what waits for them goes on before
   * the next one wakes; who falls asleep meanwhile wakes too, if that is due.
   *
   * @param by a duration: `"2s"`, or milliseconds.
   * @throws OptionsError.
   */
  async advance(by: Duration): Promise<void> {
    const end = this.#now + parseOptions("advance()", durationArgument, { by }).by;
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#now = next.due;
      next.wake();
      await nextRound();
    }
    this.#now = end;
    await nextRound();
  }

  /** Resolves when at least so many sleep, at once where they do. Default: one. @throws OptionsError. */
  async sleeping(count = 1): Promise<void> {
    parseOptions("sleeping()", countArgument, { count });
    if (this.#sleepers.size >= count) return;
    await new Promise<void>((tell) => this.#onlookers.add({ count, tell }));
  }

  /** Who is due first, up to `end`; of those that are due at once, who fell asleep first. */
  #nextUntil(end: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.due <= end && (first === undefined || sleeper.due < first.due)) first = sleeper;
    }
    return first;
  }

  #tellOnlookers(): void {
    for (const onlooker of this.#onlookers) {
      if (onlooker.count > this.#sleepers.size) continue;
      this.#onlookers.delete(onlooker);
      onlooker.tell();
    }
  }
}

/**
 * A clock for `pipe.run(…, { clock })` whose time a test moves: waits before a retry take no time, and end exactly when the test says so. It starts
 * at 0.
 *
 * @example
 * const clock = fakeClock();
 * const done = flaky.run(records, { session, clock }).collect();
 * await clock.sleeping();
 * await clock.advance("200ms");
 */
export function fakeClock(): FakeClock {
  return new FakeClock();
}
