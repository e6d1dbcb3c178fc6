import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_TIMER_MS } from "./options/fields.js";

/** Where waiting takes place: real time, or, in tests, time that a test moves on (`fakeClock()` of `slither-ts/testing`). */
export interface Clock {
  /** Milliseconds on a monotonic clock. */
  now(): number;
  /** Resolves after so many milliseconds. Rejects with the signal's reason when that is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const realClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    signal.throwIfAborted();
    try {
      await sleep(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal });
    } catch {
      throw signal.reason;
    }
  },
};
