import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { interpreterIn } from "./interpreter.js";
import { probe } from "./probe.js";
import { withWorkerPackage } from "./requirements.js";
import { isMsgspecNewEnough } from "./worker-needs.js";

/** What an environment was made from: written last, so an environment that has one is whole. */
export interface Stamp {
  readonly format: 1;
  /** Where the environment was made to be used: its scripts name this path. */
  readonly folder: string;
  /** Sorted, without repetition. */
  readonly requirements: readonly string[];
  readonly python: {
    /** The interpreter under it, never one of a virtual environment. */
    readonly executable: string;
    /** For example `3.11.7`. */
    readonly version: string;
  };
}

const FILE = "slither-environment.json";

/** Marks an environment as whole. */
export async function writeStamp(folder: string, stamp: Stamp): Promise<void> {
  await writeFile(join(folder, FILE), `${JSON.stringify(stamp, undefined, 2)}\n`);
}

/** The stamp of a folder, `"unreadable"` when there is one that says nothing, undefined when there is none. */
export async function readStamp(folder: string): Promise<Stamp | "unreadable" | undefined> {
  const text = await readFile(join(folder, FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const stamp = JSON.parse(text) as Stamp;
    return stamp.format === 1 ? stamp : "unreadable";
  } catch {
    return "unreadable";
  }
}

/**
 * Whether the folder holds an environment with exactly these requirements, whose Python still runs.
 *
 * @param base - the interpreter it has to be made from; left out when nobody named one: then a python3 that has
 * changed its place on PATH is no reason to make everything again
 */
export async function isCurrent(
  folder: string,
  requirements: readonly string[],
  base: { readonly executable: string; readonly version: string } | undefined,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const stamp = await readStamp(folder);
  if (stamp === undefined || stamp === "unreadable") return false;
  // One that was made for msgspec, of any version, is as good where it has one that is new enough.
  if (stamp.folder !== folder || !sameList(withWorkerPackage(stamp.requirements), requirements)) return false;
  if (base && (stamp.python.executable !== base.executable || stamp.python.version !== base.version)) {
    return false;
  }
  return stillRuns(folder, stamp, env);
}

// The Python under an environment may have been removed, or replaced by one that looks for packages elsewhere; and a newer worker may need a newer msgspec.
async function stillRuns(folder: string, stamp: Stamp, env: NodeJS.ProcessEnv): Promise<boolean> {
  const candidate = { path: interpreterIn(folder), source: folder, onPath: false };
  const answer = await probe(candidate, env).catch(() => undefined);
  return (
    answer !== undefined &&
    answer.msgspec !== null &&
    isMsgspecNewEnough(answer.msgspec) &&
    minorOf(answer.version) === minorOf(stamp.python.version)
  );
}

/** `3.11.7` -> `3.11` */
export function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((entry, index) => entry === other[index]);
}
