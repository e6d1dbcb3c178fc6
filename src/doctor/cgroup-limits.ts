import { cgroupFolders } from "./cgroup.js";
import type { System } from "./system.js";

type Read = System["read"];

/** A limit that the container, or another control group, sets. */
interface Bound {
  /** The file that says so. */
  readonly file: string;
}

export interface CpuBound extends Bound {
  /** How many cores' worth of time; may be a fraction. */
  readonly cores: number;
}

export interface MemoryBound extends Bound {
  readonly bytes: number;
  /** What is left of it: what files have cached and could give back counts as free. */
  readonly freeBytes: number;
}

export interface TaskBound extends Bound {
  readonly tasks: number;
  readonly used: number;
}

/** The tightest limit of computing time; undefined when there is none. */
export function cpuBound(read: Read): CpuBound | undefined {
  return tightest(read, "cpu", cpuBoundIn, ({ cores }) => cores);
}

/** The limit that leaves the least memory. */
export function memoryBound(read: Read): MemoryBound | undefined {
  return tightest(read, "memory", memoryBoundIn, ({ freeBytes }) => freeBytes);
}

/** The limit that leaves the fewest processes and threads. */
export function taskBound(read: Read): TaskBound | undefined {
  return tightest(read, "pids", taskBoundIn, ({ tasks, used }) => tasks - used);
}

function tightest<B>(
  read: Read,
  controller: string,
  boundIn: (read: Read, folder: string, version: 1 | 2) => B | undefined,
  room: (bound: B) => number,
): B | undefined {
  const { version = 2, folders = [] } = cgroupFolders(read, controller) ?? {};
  const bounds = folders.flatMap((folder) => boundIn(read, folder, version) ?? []);
  return bounds.sort((one, other) => room(one) - room(other))[0];
}

function cpuBoundIn(read: Read, folder: string, version: 1 | 2): CpuBound | undefined {
  const file = version === 2 ? `${folder}/cpu.max` : `${folder}/cpu.cfs_quota_us`;
  const [quota, period = version === 2 ? undefined : numberIn(read, `${folder}/cpu.cfs_period_us`)] = (
    read(file) ?? ""
  )
    .trim()
    .split(" ")
    .map(Number);
  // "max" is no number, and -1 is how the first version says it.
  if (!quota || !period || quota < 0) return undefined;
  return { file, cores: quota / period };
}

function memoryBoundIn(read: Read, folder: string, version: 1 | 2): MemoryBound | undefined {
  const [limit, usage, cached] =
    version === 2
      ? ["memory.max", "memory.current", "inactive_file"]
      : ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
  const file = `${folder}/${limit}`;
  const bytes = numberIn(read, file);
  // The first version says "none" with the largest number of pages that there is.
  if (bytes === undefined || bytes >= 2 ** 60) return undefined;
  const used = numberIn(read, `${folder}/${usage}`) ?? 0;
  const reclaimable = Number(
    new RegExp(`^${cached} (\\d+)$`, "m").exec(read(`${folder}/memory.stat`) ?? "")?.[1],
  );
  return { file, bytes, freeBytes: Math.max(0, bytes - Math.max(0, used - (reclaimable || 0))) };
}

function taskBoundIn(read: Read, folder: string): TaskBound | undefined {
  const file = `${folder}/pids.max`;
  const tasks = numberIn(read, file);
  return tasks === undefined
    ? undefined
    : { file, tasks, used: numberIn(read, `${folder}/pids.current`) ?? 0 };
}

/** A file that holds one number; undefined when there is none, or it says "max". */
function numberIn(read: Read, file: string): number | undefined {
  const text = read(file)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
