import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** The processes that have this text in their environment, which every process that they start inherits; without those that are dead already. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && environmentOf(pid).includes(text));
}

/** Waits until there are none of them, and gives those that stay. */
export async function untilNoneWith(text: string): Promise<number[]> {
  for (let attempt = 0; attempt < 250 && processesWith(text).length > 0; attempt++) await delay(20);
  return processesWith(text);
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    // It ended meanwhile.
    return "";
  }
}
