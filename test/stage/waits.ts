import type { Clock } from "../../src/clock.js";

/** A clock on which a wait is over when the test says so. */
export class Waits implements Clock {
  /** How long each wait was to be, in order. */
  readonly asked: number[] = [];
  readonly #pending: { readonly over: () => void; readonly signal: AbortSignal }[] = [];
  #told: () => void = () => {};

  now(): number {
    return 0;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.asked.push(ms);
    const waiting = new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.#pending.push({ over: resolve, signal });
    });
    this.#told();
    return waiting;
  }

  /** Resolves when so many waits were asked for in all. */
  async count(count: number): Promise<void> {
    while (this.asked.length < count) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  /** Ends the oldest wait. */
  end(): void {
    this.#pending.shift()?.over();
  }
}

/** A clock that waits for nothing, and notes how long it was to. */
export function noWaits(): Clock & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    now: () => 0,
    sleep: async (ms) => {
      asked.push(ms);
    },
  };
}
