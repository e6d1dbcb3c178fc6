import type { Check } from "./check.js";
import { checkForks } from "./check-forks.js";
import { checkLimits } from "./check-limits.js";
import { checkPython } from "./check-python.js";
import { type CoresFacts, checkCores } from "./cores.js";
import { checkInit, type InitFacts } from "./init.js";
import type { LimitFacts } from "./limits.js";
import type { Measured } from "./measure.js";
import { checkMemory, type MemoryFacts } from "./memory.js";
import { checkNode, type NodeFacts } from "./node.js";
import type { Plan } from "./plan.js";
import type { PythonFacts } from "./python.js";
import { checkSharedMemory, type SharedMemoryFacts } from "./shared-memory.js";
import { checkSockets, type SocketFacts } from "./sockets.js";

/** Everything that was found. */
export interface Facts {
  readonly platform: NodeJS.Platform;
  readonly node: NodeFacts;
  readonly python: PythonFacts;
  /** Null when there is no Python to measure with, or no socket that workers could connect to. */
  readonly measured: Measured | null;
  readonly cores: CoresFacts;
  readonly memory: MemoryFacts;
  readonly sharedMemory: SharedMemoryFacts | null;
  readonly limits: LimitFacts;
  readonly init: InitFacts;
  readonly sockets: SocketFacts;
}

/** What `slither doctor --json` prints. */
export interface Report {
  /** Whether there is no problem; there may be warnings. */
  readonly ok: boolean;
  readonly problems: number;
  readonly warnings: number;
  readonly plan: Plan;
  readonly checks: readonly Check[];
  readonly facts: Facts;
}

/** Judges the facts. */
export function reportOf(facts: Facts, plan: Plan): Report {
  const { platform, measured } = facts;
  const session = measured?.forks?.session ?? measured?.cold?.memory ?? null;
  const checks = [
    checkNode(facts.node),
    ...checkPython(facts.python, plan),
    ...(measured === null ? [] : checkForks(measured, platform)),
    ...checkCores(facts.cores, plan),
    ...checkMemory(facts.memory, plan, session),
    ...checkSharedMemory(facts.sharedMemory, platform),
    ...checkLimits(facts.limits, plan),
    ...checkInit(facts.init),
    checkSockets(facts.sockets),
  ];
  const problems = checks.filter(({ status }) => status === "problem").length;
  const warnings = checks.filter(({ status }) => status === "warning").length;
  return { ok: problems === 0, problems, warnings, plan, checks, facts };
}
