import { realpath } from "node:fs/promises";
import { PythonNotFoundError, PythonVersionError } from "../errors/python-environment.js";
import { requireVersion } from "./check.js";
import { namedInterpreter, pythonOnPath } from "./find.js";
import type { Candidate } from "./interpreter.js";
import { versionedPythonsOnPath } from "./path-lookup.js";
import { probe } from "./probe.js";

/** The interpreter that an environment is made from. */
export interface Base {
  /** What was found: a launcher, an interpreter, or that of a virtual environment with packages of its own. */
  readonly candidate: Candidate;
  readonly version: string;
  /** The interpreter at the bottom of it, with links followed: what tells two bases apart. */
  readonly executable: string;
}

/**
 * The interpreter that was named, by `--python` or `SLITHER_PYTHON`; undefined when none was.
 *
 * @throws when it is missing, does not run, or is too old
 */
export async function namedBase(
  python: string | undefined,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Base | undefined> {
  const candidate = await namedInterpreter(python, "--python", cwd, env);
  return candidate && inspect(candidate, env);
}

/**
 * The first Python on PATH that is new enough: python3, python, then every python3.N, newest first (on some systems
 * python3 is years old and a newer one is installed beside it).
 *
 * @throws what is wrong with the first one when there is none
 */
export async function anyBase(env: NodeJS.ProcessEnv): Promise<Base> {
  let firstTrouble: unknown;
  for (const candidate of await pythonsOnPath(env)) {
    try {
      return await inspect(candidate, env);
    } catch (error) {
      if (!(error instanceof PythonNotFoundError || error instanceof PythonVersionError)) throw error;
      firstTrouble ??= error;
    }
  }
  throw firstTrouble ?? noPython();
}

/** Every Python on PATH, the one that a shell would run first. */
export async function pythonsOnPath(env: NodeJS.ProcessEnv): Promise<Candidate[]> {
  const first = await pythonOnPath(env);
  const others = (await versionedPythonsOnPath(env)).map((path) => ({
    path,
    source: "PATH",
    onPath: true,
  }));
  return first ? [first, ...others] : others;
}

async function inspect(candidate: Candidate, env: NodeJS.ProcessEnv): Promise<Base> {
  const answer = await probe(candidate, env);
  requireVersion(candidate, answer);
  const bottom = answer.baseExecutable;
  return { candidate, version: answer.version, executable: await realpath(bottom).catch(() => bottom) };
}

function noPython(): PythonNotFoundError {
  const remedy =
    "Install Python 3.10 or newer (or uv, and: uv python install 3.12), or name one with --python";
  return new PythonNotFoundError(
    { path: undefined, source: "PATH" },
    { reason: "missing", detail: "none", remedy },
  );
}
