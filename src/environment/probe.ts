import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { PythonNotFoundError } from "../errors/python-environment.js";
import type { Candidate } from "./interpreter.js";
import { PROBE_SCRIPT } from "./probe-script.js";
import { remedyFor } from "./remedy.js";

/** What an interpreter says about itself. */
export interface Probe {
  /** For example `3.11.7`. */
  readonly version: string;
  readonly executable: string;
  /** The interpreter that a virtual environment was made from; the same as `executable` outside of one. */
  readonly baseExecutable: string;
  readonly prefix: string;
  /** The version of msgspec, or null when it cannot be imported. */
  readonly msgspec: string | null;
  readonly msgspecError: string | null;
}

// An interpreter on a cold network disk takes seconds; a file that waits for something is not an interpreter.
const PROBE_TIMEOUT_MS = 30_000;
const run = promisify(execFile);

/**
 * Runs an interpreter once and asks it about itself.
 *
 * @param signal ends the interpreter; the failure is then that of one that was killed
 * @throws {@link PythonNotFoundError} when there is none, or it cannot be run
 */
export async function probe(
  candidate: Candidate,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<Probe> {
  await requireFile(candidate);
  return parse(candidate, await askItself(candidate, env, signal));
}

async function requireFile(candidate: Candidate): Promise<void> {
  const found = await stat(candidate.path).catch(() => undefined);
  if (found === undefined) throw unusable(candidate, "missing", "no such file");
  if (found.isDirectory()) {
    throw unusable(candidate, "missing", "a folder; the interpreter of an environment is its bin/python");
  }
}

async function askItself(
  candidate: Candidate,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  // SIGKILL: whatever it is, it may ignore others.
  const ending = { signal, timeout: PROBE_TIMEOUT_MS, killSignal: "SIGKILL" } as const;
  const child = run(candidate.path, ["-c", PROBE_SCRIPT], { env, ...ending });
  child.child.stdin?.end();
  try {
    return (await child).stdout;
  } catch (error) {
    throw unusable(candidate, "not-runnable", `it cannot be run: ${reasonOf(error)}`, error);
  }
}

function parse(candidate: Candidate, output: string): Probe {
  // The last line: a sitecustomize may have printed something before.
  const line = output.trim().split("\n").at(-1) ?? "";
  try {
    const answer: unknown = JSON.parse(line);
    if (isProbe(answer)) return answer;
  } catch {
    // Not JSON: said below.
  }
  throw unusable(candidate, "not-runnable", "it runs, but did not answer as Python would");
}

function isProbe(answer: unknown): answer is Probe {
  return typeof answer === "object" && answer !== null && "version" in answer && "baseExecutable" in answer;
}

function unusable(
  candidate: Candidate,
  reason: "missing" | "not-runnable",
  detail: string,
  cause?: unknown,
): PythonNotFoundError {
  return new PythonNotFoundError(candidate, { reason, detail, remedy: remedyFor(candidate) }, cause);
}

/** The most telling line of a failed start: what it wrote last, or how it ended. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stderr, code, signal, killed } = error as Error & {
    stderr?: string;
    code?: string | number | null;
    signal?: string | null;
    killed?: boolean;
  };
  if (killed === true) return `no answer in ${PROBE_TIMEOUT_MS / 1000} s`;
  const lastLine = stderr?.trim().split("\n").at(-1);
  if (lastLine) return lastLine;
  if (typeof code === "string") return code;
  return signal ? `killed by ${signal}` : `exit code ${code}`;
}
