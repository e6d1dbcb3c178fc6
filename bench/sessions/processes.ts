import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** The parent of a process: of a session, its forkserver. */
export function parentOf(pid: number): number {
  // The name before it is in parentheses, and may hold any.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return Number(fields[1]);
}

export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

/** Memory of processes in megabytes: what each has to itself, and its share of what it has in common with others. */
export function proportionalMegabytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + field(pid, "Pss"), 0) / 1_024;
}

/** Memory in megabytes that a process has written to and shares with nobody. */
export function privateMegabytes(pid: number): number {
  return field(pid, "Private_Dirty") / 1_024;
}

/** Waits until the process has so many children, and gives their number. */
export async function untilChildren(pid: number, count: number): Promise<void> {
  while (childrenOf(pid).length < count) await delay(10);
}

/** Every process whose environment holds this text. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && environmentOf(pid).includes(text));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    // It ended meanwhile.
    return "";
  }
}

function field(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN);
}
