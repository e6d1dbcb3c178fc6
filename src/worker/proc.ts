import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** What Linux tells of a process under /proc; elsewhere, and of a process that is gone, everything here gives undefined. */

/** More than `stat` and `statm` have. */
const buffer = Buffer.alloc(4096);

/** The letter of its state: `R` running, `S` sleeping, `T` stopped, `t` stopped by a debugger, `Z` dead, … */
export function processState(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name before it is in parentheses, and may hold any characters.
  return stat?.[stat.lastIndexOf(") ") + 2];
}

/** Whether a signal or a debugger holds it. */
export function isStopped(pid: number): boolean {
  const state = processState(pid);
  return state === "T" || state === "t";
}

/** Whether it has ended, for all that is known. */
export function isDead(pid: number): boolean {
  return ["Z", "X", undefined].includes(processState(pid));
}

/** The memory that it has in RAM, in bytes. */
export function residentBytes(pid: number): number | undefined {
  const pages = read(`/proc/${pid}/statm`)?.split(" ")[1];
  return pages === undefined ? undefined : Number(pages) * pageBytes();
}

/** How much of that is shared arrays: read-only mappings of nameless files, of which Linux shows the number. */
export function sharedArrayBytes(pid: number): number {
  let maps: string;
  try {
    maps = readFileSync(`/proc/${pid}/smaps`, "latin1");
  } catch {
    return 0;
  }
  const sizes = maps.matchAll(/^\S+ r--s .* \/dev\/shm\/#.*\n(?:[A-Z].*\n)*?Rss:\s+(\d+) kB$/gm);
  return [...sizes].reduce((sum, [, kibibytes]) => sum + Number(kibibytes) * 1024, 0);
}

let knownPageBytes: number | undefined;

/** Node does not tell, but tells its own memory in bytes; /proc does in pages. */
function pageBytes(): number {
  if (knownPageBytes === undefined) {
    const kibibytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
    const pages = Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]);
    // A power of two; the two numbers are not read at the same moment.
    knownPageBytes = 2 ** Math.round(Math.log2((kibibytes * 1024) / pages));
  }
  return knownPageBytes;
}

function read(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    return buffer.toString("latin1", 0, readSync(file, buffer));
  } catch {
    // It went between the two.
    return undefined;
  } finally {
    closeSync(file);
  }
}
