import { PythonPackageMissingError, PythonVersionError } from "../errors/python-environment.js";
import type { Candidate, Interpreter } from "./interpreter.js";
import { type Probe, probe } from "./probe.js";
import { installRemedy, newerRemedy } from "./remedy.js";
import {
  isMsgspecNewEnough,
  isNewEnough,
  MINIMUM_MSGSPEC,
  MINIMUM_PYTHON_TEXT,
  WORKER_PACKAGE,
} from "./worker-needs.js";

/**
 * Runs a candidate once and makes sure that a worker can run on it.
 *
 * @throws an error that names what was expected, what came, where the choice came from, and the command that mends it
 */
export async function checkInterpreter(candidate: Candidate, env: NodeJS.ProcessEnv): Promise<Interpreter> {
  const answer = await probe(candidate, env);
  requireVersion(candidate, answer);
  return {
    path: pathToSpawn(candidate, answer),
    version: answer.version,
    source: candidate.source,
    msgspec: requireMsgspec(candidate, answer),
  };
}

/** What to start: a launcher on PATH (pyenv's, for one) is a shell script that starts another Python in another folder. */
export function pathToSpawn(candidate: Candidate, answer: Probe): string {
  return candidate.onPath && answer.executable ? answer.executable : candidate.path;
}

/** @throws {@link PythonVersionError} */
export function requireVersion(candidate: Candidate, answer: Probe): void {
  if (isNewEnough(answer.version)) return;
  throw new PythonVersionError(candidate, {
    expected: MINIMUM_PYTHON_TEXT,
    got: answer.version,
    remedy: newerRemedy(candidate),
  });
}

function requireMsgspec(candidate: Candidate, answer: Probe): string {
  if (answer.msgspec !== null && isMsgspecNewEnough(answer.msgspec)) return answer.msgspec;
  throw new PythonPackageMissingError(candidate, {
    package: `${WORKER_PACKAGE}>=${MINIMUM_MSGSPEC}`,
    detail: whatCame(answer),
    remedy: installRemedy(candidate, `${WORKER_PACKAGE}>=${MINIMUM_MSGSPEC}`),
  });
}

/** What is there in place of a msgspec that is new enough, in words. */
export function whatCame({ msgspec, msgspecError }: Probe): string {
  if (msgspec !== null) return `${WORKER_PACKAGE} ${msgspec}`;
  const missing = msgspecError === null || msgspecError.includes("No module named");
  return missing ? "a Python without it" : `an import error, ${msgspecError}`;
}
