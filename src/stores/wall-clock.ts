import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";

/** Read once: it is looked up each time, which would cost a read of a table more than the rest. */
const ORIGIN = performance.timeOrigin;

/** The time of this machine as stores measure it: one that goes on over a restart, but never goes back. Who waits does not keep the process alive. */
export const wallClock: Clock = {
  now: () => ORIGIN + performance.now(),
  sleep: async (ms, signal) => {
    await sleep(Math.min(Math.ceil(ms), LONGEST_TIMER_MS), undefined, { signal, ref: false });
  },
};
