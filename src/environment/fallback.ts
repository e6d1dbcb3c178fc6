import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Base, pythonsOnPath } from "./base.js";
import { checkInterpreter } from "./check.js";
import { type Candidate, type Interpreter, interpreterIn } from "./interpreter.js";
import { SATISFIES_SCRIPT } from "./satisfies-script.js";

const run = promisify(execFile);

/** Where to look for an interpreter that has everything already. */
export interface FallbackSearch {
  /** The folder of the environment that could not be made: an older one may be there. */
  readonly folder: string;
  readonly requirements: readonly string[];
  readonly base: Base;
  /** Whether the user named the base: then no other interpreter is put in its place. */
  readonly named: boolean;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The first interpreter that meets every requirement, or undefined. */
export async function findFallback(search: FallbackSearch): Promise<Interpreter | undefined> {
  const tried = new Set<string>();
  for (const candidate of await candidates(search)) {
    if (tried.has(candidate.path)) continue;
    tried.add(candidate.path);
    const interpreter = await checkInterpreter(candidate, search.env).catch(() => undefined);
    if (interpreter && (await satisfies(interpreter.path, search))) return interpreter;
  }
  return undefined;
}

async function candidates(search: FallbackSearch): Promise<Candidate[]> {
  // The older environment first: it was made for this.
  const own = { path: interpreterIn(search.folder), source: search.folder, onPath: false };
  if (search.named) return [own, search.base.candidate];
  const local = { path: interpreterIn(join(search.cwd, ".venv")), source: ".venv", onPath: false };
  return [own, search.base.candidate, local, ...(await pythonsOnPath(search.env))];
}

async function satisfies(path: string, search: FallbackSearch): Promise<boolean> {
  try {
    const parameters = ["-c", SATISFIES_SCRIPT, JSON.stringify(search.requirements)];
    const { stdout } = await run(path, parameters, { env: search.env, timeout: 30_000 });
    const unmet: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return typeof unmet === "object" && unmet !== null && Object.keys(unmet).length === 0;
  } catch {
    // One that cannot answer cannot be used.
    return false;
  }
}
