import { readFileSync } from "node:fs";

/** Names one process among all that had its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the kernel's own count; undefined where there is no /proc. */
  readonly startedAt?: string | undefined;
  /** Which start of the machine that is. */
  readonly boot?: string | undefined;
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startedAt: statOf(process.pid)?.startedAt, boot: bootOf() };
}

/** Whether that very process still runs. One that is dead, but was not reaped, does not. */
export function isRunning({ pid, startedAt, boot }: ProcessIdentity): boolean {
  if (startedAt === undefined || bootOf() === undefined) return takesSignals(pid);
  const stat = statOf(pid);
  return boot === bootOf() && stat?.startedAt === startedAt && !["Z", "X"].includes(stat.state);
}

function takesSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It may be another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function statOf(pid: number): { state: string; startedAt: string } | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name before these fields is in parentheses, and may hold any characters.
  const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  return { state: fields[0] as string, startedAt: fields[19] as string };
}

function bootOf(): string | undefined {
  return read("/proc/sys/kernel/random/boot_id")?.trim();
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
