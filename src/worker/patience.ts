import { setTimeout as delay, setImmediate as nextRound } from "node:timers/promises";

/** A time-out for many things at once that are done one after the other: none is given up while others still come. */
export class Patience {
  readonly #silenceMs: number;
  readonly #longestMs: number;
  #heard = 0;

  /** @param longestMs after which one of them is given up all the same. */
  constructor(silenceMs: number, longestMs: number) {
    this.#silenceMs = silenceMs;
    this.#longestMs = longestMs;
  }

  /** One of them has come on. */
  heard(): void {
    this.#heard = performance.now();
  }

  /** Resolves when there is no more reason to wait for what begins now. */
  async isLost(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    for (;;) {
      const silent = Math.max(began, this.#heard) + this.#silenceMs;
      const left = Math.min(silent, began + this.#longestMs) - performance.now();
      if (left <= 0) return;
      await delay(Math.ceil(left), undefined, { signal });
      // What was heard may lie unread because Node was busy: it is read first.
      await nextRound();
    }
  }
}
