import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";

/** Read once: it is looked up each time, which would cost a read of a table more than the rest. */
const ORIGIN = performance.timeOrigin;

/** How much less the time of day may get ahead of the steady clock without having been set back: it has whole milliseconds, and is kept right in small steps. */
const STEP_MS = 1_000;

/** How far the time of day is ahead of the steady clock, but for small steps back. */
let difference = 0;
/** What was added to the steady clock. It only grows: a time of day that is set back takes nothing back. */
let added = 0;

/**
 * The steady clock never goes back, but stands still while the machine is suspended; the time of day goes on then, but may be set. Of both, that which makes values older: one that is
 * older than its `ttl` must not be taken for fresh.
 */
function now(): number {
  const steady = ORIGIN + performance.now();
  const present = Date.now() - steady;
  if (present > difference) {
    added += present - difference;
    difference = present;
  } else if (present < difference - STEP_MS) difference = present;
  return steady + added;
}

/** The time of this machine as stores measure it: one that goes on over a restart and while the machine is suspended, but never goes back. Who waits does not keep the process alive. */
export const wallClock: Clock = {
  now,
  sleep: async (ms, signal) => {
    await sleep(Math.min(Math.ceil(ms), LONGEST_TIMER_MS), undefined, { signal, ref: false });
  },
};
