import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

/** What work could leave behind. */
export interface Leftovers {
  /** How many file descriptors this process has open. */
  readonly descriptors: number;
  /** How many processes there are below this one; one that is dead and was not reaped is one. */
  readonly processes: number;
  /** What is in the temporary folder, at any depth, and in shared memory. */
  readonly files: readonly string[];
}

export function leftovers(): Leftovers {
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    processes: descendantsOf(process.pid).length,
    files: [
      ...readdirSync(tmpdir(), { recursive: true }).map(String),
      ...readdirSync("/dev/shm").map((name) => `/dev/shm/${name}`),
    ].sort(),
  };
}

/** Waits until there is no more than that, and gives what there is: a process that ends is reaped a little later. */
export async function leftoversDownTo(expected: Leftovers): Promise<Leftovers> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const now = leftovers();
    if (now.processes <= expected.processes && now.descriptors <= expected.descriptors) return now;
    await delay(50);
  }
  return leftovers();
}

function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const each of readdirSync("/proc").map(Number).filter(Boolean)) {
    const parent = parentOf(each);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const below = (each: number): number[] =>
    (children.get(each) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

function parentOf(pid: number): number | undefined {
  try {
    // The name before it is in parentheses, and may hold any.
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
