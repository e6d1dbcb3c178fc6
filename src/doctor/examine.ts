import { requirePlatform } from "../environment/platform.js";
import { readCores } from "./cores.js";
import { readInit } from "./init.js";
import { readLimits } from "./limits.js";
import { type Measured, measure } from "./measure.js";
import { readMemory } from "./memory.js";
import { readNode } from "./node.js";
import { usualPreload } from "./packages.js";
import { type Plan, planFor } from "./plan.js";
import { type PythonFacts, readPython } from "./python.js";
import { type Report, reportOf } from "./report.js";
import { readSharedMemory } from "./shared-memory.js";
import { type Sockets, socketFacts } from "./sockets.js";
import { type System, thisSystem } from "./system.js";

export interface ExamineOptions {
  /** The interpreter that was named; undefined: found as `local()` does. */
  readonly python: string | undefined;
  /** Undefined: what most would preload. */
  readonly preload: readonly string[] | undefined;
  readonly pythonPath: readonly string[];
  /** What was asked for of the plan. */
  readonly plan: Partial<Plan>;
  readonly startTimeoutMs: number;
  readonly sockets: Sockets;
  /** Ends the interpreters that are asked about themselves. */
  readonly signal: AbortSignal;
}

/** Looks at everything that sessions need, and starts a few to measure. */
export async function examine(options: ExamineOptions): Promise<Report> {
  const system = thisSystem();
  requirePlatform(system.platform);
  const cores = readCores(system);
  const plan = planFor(cores.cores, options.plan);
  // Before anything is started that would count too.
  const machine = { memory: readMemory(system), limits: readLimits(system), init: readInit(system) };
  const python = await readPython(options.python, options.signal);
  const measured = await measureWith(python, plan, system, options);
  const facts = {
    platform: system.platform,
    node: readNode(),
    python,
    measured,
    cores,
    ...machine,
    sharedMemory: readSharedMemory(system),
    sockets: socketFacts(options.sockets),
  };
  return reportOf(facts, plan);
}

async function measureWith(
  python: PythonFacts,
  { threads }: Plan,
  { read, platform }: System,
  { sockets, pythonPath, startTimeoutMs, preload }: ExamineOptions,
): Promise<Measured | null> {
  const { interpreter, troubles, packages } = python;
  if (interpreter === null || Object.keys(troubles).length > 0 || !("listener" in sockets)) return null;
  const { listener } = sockets;
  const options = { interpreter, pythonPath, threads, startTimeoutMs, listener, read };
  return measure(options, preload ?? usualPreload(packages), platform);
}
