import type { System } from "./system.js";

export interface ProcessMemory {
  /** In RAM, shared or not. */
  readonly residentBytes: number;
  /** What no other process has: what one more of its kind costs. */
  readonly privateBytes: number;
  /** Its own, and its share of what it has together with others. */
  readonly proportionalBytes: number;
}

/** What Linux tells of the memory of a process; null elsewhere, and when it is gone. */
export function processMemory(read: System["read"], pid: number): ProcessMemory | null {
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  if (rollup === undefined) return null;
  const bytes = (field: string): number =>
    1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(rollup)?.[1] ?? 0);
  return {
    residentBytes: bytes("Rss"),
    privateBytes: bytes("Private_Clean") + bytes("Private_Dirty"),
    proportionalBytes: bytes("Pss"),
  };
}
