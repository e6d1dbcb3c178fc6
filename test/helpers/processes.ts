import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Whether a process runs; one that is dead but not yet reaped by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return stateOf(pid) !== "Z";
}

/** The letter that Linux gives the state of a process; undefined where there is no /proc, or no process any more. */
function stateOf(pid: number): string | undefined {
  try {
    // The name before it is in parentheses, and may hold any.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0];
  } catch {
    return undefined;
  }
}

/** Waits until a process that is no child of this one is gone: the system tells nobody but its parent. */
export async function isGone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 250; attempt++) {
    if (!isAlive(pid)) return true;
    await delay(20);
  }
  return false;
}
