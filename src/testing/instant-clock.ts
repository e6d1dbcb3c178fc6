import { setImmediate as nextRound } from "node:timers/promises";
import type { Clock } from "../clock.js";

/** A clock on which every wait is over in the next round of the event loop: what is retried is the same, only sooner. */
export function instantClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      const due = now + ms;
      try {
        // Whoever sleeps again and again would else keep everything from happening that it waits for, and its own time limit too.
        await nextRound(undefined, { signal });
      } catch {
        throw signal.reason;
      }
      now = Math.max(now, due);
    },
  };
}
