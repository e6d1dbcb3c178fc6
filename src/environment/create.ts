import { resolve } from "node:path";
import { EnvironmentSetupError } from "../errors/python-environment.js";
import { asidePath, discard, removeLeftovers } from "./aside.js";
import { anyBase, type Base, namedBase } from "./base.js";
import { build } from "./build.js";
import { whatCame } from "./check.js";
import { findFallback } from "./fallback.js";
import { interpreterIn, MANAGED_FOLDER } from "./interpreter.js";
import { makeFolder } from "./make-folder.js";
import { requirePlatform } from "./platform.js";
import { probe } from "./probe.js";
import { putInPlace, requireReplaceable } from "./put-in-place.js";
import { relocate } from "./relocate.js";
import {
  merge,
  normalize,
  WORKER_REQUIREMENT,
  withWorkerPackage,
  workerRequirementOf,
} from "./requirements.js";
import type { StepContext } from "./run-step.js";
import { isCurrent, readStamp, writeStamp } from "./stamp.js";
import { isMsgspecNewEnough } from "./worker-needs.js";

/** What {@link createEnvironment} is to make. */
export interface CreateOptions {
  /** As pip takes them, for example `numpy>=2`. A msgspec that is new enough is added. */
  readonly requirements: readonly string[];
  /** Default: `.slither/venv` in the working folder. */
  readonly folder?: string | undefined;
  /** The interpreter to make it from: a path, or a name on PATH. Default: `SLITHER_PYTHON`, then python3 on PATH. */
  readonly python?: string | undefined;
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Gets a line for each thing that is done, and every line of the installer. */
  readonly report?: ((line: string) => void) | undefined;
  /** Ends the installer, and the set-up with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link createEnvironment} made or found. */
export interface CreatedEnvironment {
  /** The interpreter to use; absolute. */
  readonly interpreter: string;
  /** `fallback`: nothing was made, and an interpreter elsewhere has everything that was asked for. */
  readonly outcome: "created" | "reused" | "fallback";
}

/** Everything that is settled before anything is done. */
interface Plan {
  readonly folder: string;
  readonly requirements: readonly string[];
  readonly named: Base | undefined;
  readonly context: StepContext;
}

/**
 * Makes sure that a folder holds a Python environment with the given requirements, beside those that it was made for before, and returns at once
 * when it does.
 * The environment is built beside its place and renamed, so that what is in the place is whole.
 */
export async function createEnvironment(options: CreateOptions): Promise<CreatedEnvironment> {
  requirePlatform();
  const plan = await settle(options);
  const isDone = () => isCurrent(plan.folder, plan.requirements, plan.named, plan.context.env);
  if (await isDone()) return { interpreter: interpreterIn(plan.folder), outcome: "reused" };

  await requireReplaceable(plan.folder);
  await removeLeftovers(plan.folder);
  const base = plan.named ?? (await anyBase(plan.context.env));
  try {
    await buildAndPlace(plan, base, isDone);
    return { interpreter: interpreterIn(plan.folder), outcome: "created" };
  } catch (error) {
    if (!(error instanceof EnvironmentSetupError) || error.reason === "folder-in-use") throw error;
    return fallBack(plan, base, error);
  }
}

async function settle(options: CreateOptions): Promise<Plan> {
  const cwd = options.cwd ?? process.cwd();
  const env = options.env ?? process.env;
  const folder = resolve(cwd, options.folder ?? MANAGED_FOLDER);
  const stamp = await readStamp(folder);
  const before = stamp === undefined || stamp === "unreadable" ? [] : stamp.requirements;
  const requirements = withWorkerPackage(merge(before, normalize(options.requirements, folder)));
  const named = await namedBase(options.python, cwd, env);
  const context = { cwd, env, report: options.report ?? (() => {}), signal: options.signal };
  return { folder, requirements, named, context };
}

async function buildAndPlace(plan: Plan, base: Base, isDone: () => Promise<boolean>): Promise<void> {
  const { folder, requirements } = plan;
  const aside = asidePath(folder);
  try {
    makeFolder(aside);
    const { path: python } = base.candidate;
    await build({ aside, folder, requirements, python, version: base.version }, plan.context);
    await requireWorkerPackage(aside, plan);
    await relocate(aside, folder);
    const { executable, version } = base;
    await writeStamp(aside, { format: 1, folder, requirements, python: { executable, version } });
    await putInPlace(aside, folder, isDone);
  } catch (error) {
    await discard(aside);
    throw isFileSystemError(error) ? cannotWrite(folder, error) : error;
  }
}

/** What was asked for may have been installed and yet be nothing that a worker runs with: an old version, or one that does not load here. */
async function requireWorkerPackage(aside: string, { folder, requirements, context }: Plan): Promise<void> {
  const candidate = { path: interpreterIn(aside), source: folder, onPath: false };
  const answer = await probe(candidate, context.env, context.signal).catch((error: unknown) => {
    context.signal?.throwIfAborted();
    const message = `could not make ${folder}: its Python does not run`;
    throw new EnvironmentSetupError(message, { reason: "create-failed", folder }, error);
  });
  if (answer.msgspec !== null && isMsgspecNewEnough(answer.msgspec)) return;
  const requirement = workerRequirementOf(requirements);
  throw new EnvironmentSetupError(
    `expected \`${WORKER_REQUIREMENT}\` in ${folder}, got ${whatCame(answer)}; asked for was \`${requirement}\`` +
      (requirement === WORKER_REQUIREMENT
        ? ""
        : `. Ask for another: npx slither setup '${WORKER_REQUIREMENT}'`),
    { reason: "install-failed", folder, requirement },
  );
}

function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

function cannotWrite(folder: string, cause: NodeJS.ErrnoException): EnvironmentSetupError {
  const message = `could not make ${folder}: ${cause.message}`;
  return new EnvironmentSetupError(message, { reason: "create-failed", folder }, cause);
}

async function fallBack(plan: Plan, base: Base, error: EnvironmentSetupError): Promise<CreatedEnvironment> {
  const { folder, requirements, named, context } = plan;
  const search = {
    folder,
    // Every interpreter that is looked at is asked for a msgspec that is new enough: it need not be able to compare versions for that.
    requirements: requirements.filter((requirement) => requirement !== WORKER_REQUIREMENT),
    base,
    named: named !== undefined,
    cwd: context.cwd,
    env: context.env,
  };
  const interpreter = await findFallback(search);
  if (interpreter === undefined) throw error;
  context.report(`Warning: ${error.message}`);
  context.report(
    `Warning: ${folder} was not made. Using ${interpreter.path} (Python ${interpreter.version}, from ` +
      `${interpreter.source}) instead: it has ${requirements.join(", ")} already. ` +
      `To use it elsewhere: SLITHER_PYTHON=${interpreter.path}`,
  );
  return { interpreter: interpreter.path, outcome: "fallback" };
}
