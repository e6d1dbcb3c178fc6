import { isStopped } from "./proc.js";

/** How often is looked whether a process is stopped, and how long it must have been. */
const STATE_INTERVAL_MS = 1_000;
export const STOPPED_MS = 2_000;

/** How often memory is looked at; less often when looking takes more than a tenth of the time. */
const MEMORY_INTERVAL_MS = 50;
const MEMORY_SHARE = 10;

/** A process that computes. Where there is no /proc, nothing is ever told of it. */
export interface Watched {
  readonly pid: number;
  /** It has been stopped, by a signal or a debugger, for STOPPED_MS. */
  onStopped(): void;
  /** Looks at its memory, where that has a limit. */
  readonly checkMemory: (() => void) | undefined;
}

/** When each was first seen stopped, without having been seen running since. */
const watched = new Map<Watched, number | undefined>();
let limited = 0;
let stateTimer: NodeJS.Timeout | undefined;
let checksMemory = false;

/** Watches a process until `unwatch`. Both are called for each call, so they do next to nothing. */
export function watch(each: Watched): void {
  if (process.platform !== "linux") return;
  watched.set(each, undefined);
  stateTimer ??= setInterval(checkStates, STATE_INTERVAL_MS).unref();
  if (each.checkMemory === undefined) return;
  limited += 1;
  if (!checksMemory) setTimeout(checkMemory, MEMORY_INTERVAL_MS).unref();
  checksMemory = true;
}

export function unwatch(each: Watched): void {
  if (watched.delete(each) && each.checkMemory !== undefined) limited -= 1;
}

function checkStates(): void {
  // The timers end here and not in `unwatch`: with short calls, none or one is watched by turns.
  if (watched.size === 0) {
    clearInterval(stateTimer);
    stateTimer = undefined;
    return;
  }
  const now = performance.now();
  for (const [each, since] of watched) {
    if (!isStopped(each.pid)) watched.set(each, undefined);
    else if (since === undefined) watched.set(each, now);
    // A little less: timers count in whole milliseconds.
    else if (now - since >= STOPPED_MS - STATE_INTERVAL_MS / 10) each.onStopped();
  }
}

function checkMemory(): void {
  checksMemory = limited > 0;
  if (!checksMemory) return;
  const began = performance.now();
  for (const each of watched.keys()) each.checkMemory?.();
  const took = performance.now() - began;
  setTimeout(checkMemory, Math.max(MEMORY_INTERVAL_MS, took * MEMORY_SHARE)).unref();
}
