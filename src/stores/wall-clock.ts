import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";

/** The time of this machine as stores measure it: one that goes on over a restart, but never goes back. Who waits does not keep the process alive. */
export const wallClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  sleep: async (ms, signal) => {
    await sleep(Math.min(Math.ceil(ms), LONGEST_TIMER_MS), undefined, { signal, ref: false });
  },
};
