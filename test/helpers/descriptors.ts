import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** How many file descriptors this process has open. */
export function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Waits until there are no more than that, and gives how many there are: what is kept for the next request is closed a second later. */
export async function descriptorsDownTo(expected: number): Promise<number> {
  for (let attempt = 0; attempt < 100 && descriptors() > expected; attempt++) await delay(50);
  return descriptors();
}
