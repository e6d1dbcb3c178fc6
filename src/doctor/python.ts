import { pathToSpawn, whatCame } from "../environment/check.js";
import { choosePython } from "../environment/find.js";
import type { Candidate } from "../environment/interpreter.js";
import { MANAGED_FOLDER } from "../environment/interpreter.js";
import { type Probe, probe } from "../environment/probe.js";
import { installRemedy, NOTHING_FOUND_REMEDY, newerRemedy, remedyFor } from "../environment/remedy.js";
import {
  isMsgspecNewEnough,
  isNewEnough,
  MINIMUM_MSGSPEC,
  MINIMUM_PYTHON_TEXT,
  WORKER_PACKAGE,
} from "../environment/worker-needs.js";
import { PythonNotFoundError } from "../errors/python-environment.js";
import { readPackages } from "./packages.js";

/** What is wrong with an interpreter, and what mends it. */
export interface Trouble {
  readonly found: string;
  readonly fix: string;
}

export interface PythonFacts {
  /** What is started; null when there is nothing that can be. */
  readonly interpreter: string | null;
  /** Who chose it, in words. */
  readonly source: string;
  readonly version: string | null;
  readonly msgspec: string | null;
  /** The versions of well-known packages, by the names that they are installed by. */
  readonly packages: Readonly<Record<string, string>>;
  /** By what is wrong: no worker can run on it then. */
  readonly troubles: Partial<Record<"interpreter" | "version" | "msgspec", Trouble>>;
}

/** Looks at the interpreter that `local()` would use, and at whatever is wrong with it at once. */
export async function readPython(python: string | undefined, signal: AbortSignal): Promise<PythonFacts> {
  const { env } = process;
  try {
    const candidate = await choosePython({ python, optionName: "--python", env });
    const answer = await probe(candidate, env, signal);
    const interpreter = pathToSpawn(candidate, answer);
    const { version, msgspec } = answer;
    const troubles = troublesOf(candidate, answer);
    const packages = troubles.version === undefined ? ((await readPackages(interpreter, signal)) ?? {}) : {};
    return { interpreter, source: candidate.source, version, msgspec, packages, troubles };
  } catch (error) {
    if (!(error instanceof PythonNotFoundError)) throw error;
    const troubles = { interpreter: notFound(error) };
    return { interpreter: null, source: error.source, version: null, msgspec: null, packages: {}, troubles };
  }
}

function troublesOf(candidate: Candidate, answer: Probe): PythonFacts["troubles"] {
  const { version, msgspec } = answer;
  const expected = `${WORKER_PACKAGE}>=${MINIMUM_MSGSPEC}`;
  return {
    ...(isNewEnough(version)
      ? {}
      : {
          version: {
            found: `expected Python ${MINIMUM_PYTHON_TEXT} or newer, got ${version}`,
            fix: newerRemedy(candidate),
          },
        }),
    ...(msgspec !== null && isMsgspecNewEnough(msgspec)
      ? {}
      : {
          msgspec: {
            found: `expected ${WORKER_PACKAGE} ${MINIMUM_MSGSPEC} or newer, got ${whatCame(answer)}`,
            fix: installRemedy(candidate, expected),
          },
        }),
  };
}

/** The message without its last sentence, which says what to do. */
function notFound({ message, path, source }: PythonNotFoundError): Trouble {
  const managed = source === MANAGED_FOLDER;
  const fix = path === undefined ? NOTHING_FOUND_REMEDY : remedyFor({ path, source, managed });
  return { found: message.endsWith(fix) ? message.slice(0, -fix.length).replace(/\. $/, "") : message, fix };
}
