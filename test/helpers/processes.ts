import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

/** Whether a process runs; one that is dead but not yet reaped by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    // ps fails when there is no such process.
    return false;
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
