import { lstat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PythonNotFoundError } from "../errors/python-environment.js";
import { checkInterpreter } from "./check.js";
import { type Candidate, type Interpreter, interpreterIn, MANAGED_FOLDER } from "./interpreter.js";
import { lookUpOnPath } from "./path-lookup.js";
import { requirePlatform } from "./platform.js";
import { NOTHING_FOUND_REMEDY, remedyFor } from "./remedy.js";

/** Where to look for a Python. */
export interface FindOptions {
  /** A path, or a name to look up on PATH. */
  readonly python?: string | undefined;
  /** What `python` is called in messages. Default: the option `python`. */
  readonly optionName?: string | undefined;
  /** Default: the working folder of this process. */
  readonly cwd?: string | undefined;
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Finds the Python that workers run on.
 *
 * An interpreter that was named (the option, `SLITHER_PYTHON`, an active `VIRTUAL_ENV`) wins or fails: nothing else
 * is tried in its place. Otherwise the first that exists wins or fails: `.slither/venv`, `.venv`, python3 on PATH.
 *
 * @throws PlatformError on Windows
 */
export async function findPython(options: FindOptions = {}): Promise<Interpreter> {
  requirePlatform();
  return checkInterpreter(await choosePython(options), options.env ?? process.env);
}

/**
 * The path that {@link findPython} then runs.
 *
 * @throws {@link PythonNotFoundError} when there is none
 */
export async function choosePython(options: FindOptions): Promise<Candidate> {
  const cwd = options.cwd ?? process.cwd();
  const env = options.env ?? process.env;
  const candidate =
    (await namedInterpreter(options.python, options.optionName ?? "the option `python`", cwd, env)) ??
    activeEnvironment(env) ??
    (await environmentIn(cwd)) ??
    (await pythonOnPath(env));
  if (candidate === undefined) throw nothingFound();
  return candidate;
}

/** The interpreter that the user named, by option (`source` is its name in messages) or by `SLITHER_PYTHON`. */
export async function namedInterpreter(
  python: string | undefined,
  source: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Candidate | undefined> {
  if (python !== undefined) return resolveName(python, source, cwd, env);
  const variable = env.SLITHER_PYTHON;
  return variable ? resolveName(variable, "SLITHER_PYTHON", cwd, env) : undefined;
}

async function resolveName(
  name: string,
  source: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Candidate> {
  if (name.includes("/")) return { path: resolve(cwd, name), source, onPath: false };
  const path = await lookUpOnPath(name, env);
  if (path !== undefined) return { path, source, onPath: true };
  const choice = { path: name, source };
  const detail = "nothing of that name on PATH";
  throw new PythonNotFoundError(choice, { reason: "missing", detail, remedy: remedyFor(choice) });
}

function activeEnvironment(env: NodeJS.ProcessEnv): Candidate | undefined {
  const folder = env.VIRTUAL_ENV;
  return folder ? { path: interpreterIn(folder), source: "VIRTUAL_ENV", onPath: false } : undefined;
}

async function environmentIn(cwd: string): Promise<Candidate | undefined> {
  for (const folder of [MANAGED_FOLDER, ".venv"]) {
    const path = interpreterIn(join(cwd, folder));
    // lstat: a link to a Python that was uninstalled is there, and its owner wants to hear of it.
    const exists = await lstat(path).catch(() => undefined);
    if (exists) {
      return { path, source: folder, onPath: false, managed: folder === MANAGED_FOLDER };
    }
  }
  return undefined;
}

/** python3 on PATH, or python where there is no python3. */
export async function pythonOnPath(env: NodeJS.ProcessEnv): Promise<Candidate | undefined> {
  for (const name of ["python3", "python"]) {
    const path = await lookUpOnPath(name, env);
    if (path !== undefined) return { path, source: `${name} on PATH`, onPath: true };
  }
  return undefined;
}

function nothingFound(): PythonNotFoundError {
  return new PythonNotFoundError(
    { path: undefined, source: `${MANAGED_FOLDER}, .venv or python3 on PATH` },
    {
      reason: "missing",
      detail: "none of these",
      remedy: NOTHING_FOUND_REMEDY,
    },
  );
}
