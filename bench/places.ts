import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { childrenOf } from "./sessions/processes.js";

/** Node is on the first core, what it has started on the last of so many. */
const PLACES = [
  { cores: 1, place: ", on one core" },
  { cores: 2, place: ", on two cores" },
];

/**
 * Puts Node, and the Python processes that it has started, on one core and then on two; at the end, anywhere. None where there is no taskset. Left to the system, what
 * is measured beside something else is often not where that is; and the time that a sleeping core takes to wake is most of a message to it.
 */
export function* places(): Generator<string> {
  const pythons = descendantsOf(process.pid);
  try {
    for (const { cores, place } of PLACES) {
      const isPlaced = putOn("0", process.pid) && pythons.every((pid) => putOn(`${cores - 1}`, pid));
      if (isPlaced) yield place;
    }
  } finally {
    for (const pid of [process.pid, ...pythons]) putOn(`0-${cpus().length - 1}`, pid);
  }
}

/** Lets a process, with all its threads, run on these cores alone. False where that cannot be said. */
function putOn(cores: string, pid: number): boolean {
  const asked = spawnSync("taskset", ["-acp", cores, String(pid)], { stdio: "ignore" });
  return asked.status === 0;
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}
