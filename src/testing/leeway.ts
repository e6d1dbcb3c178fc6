import { BatchResultError } from "../errors/python.js";
import { type PipePlan, policyOf } from "../plan/plan.js";
import { RejectUpTo, Retry } from "../stage/policy.js";
import type { PythonStage } from "../stage/python-stage.js";

/** What may differ from the clean run, by the policy of a stage. */
export interface Leeway {
  readonly halts: "never" | "may" | "must";
  /** Whether records are rejected, or sent to an output with their failure, that were not in the clean run. */
  readonly setsAside: "never" | "may" | "must";
  /** Which records may be. */
  readonly suspects: (stage: string, payload: unknown) => boolean;
  /** Whether a record that is set aside may change what comes of others: what a stateful stage makes of them. */
  readonly asideChangesOthers: boolean;
  /** Why it must halt, in words. */
  readonly because: string;
}

/** What is done to a batch. */
export interface Harm {
  /** What comes of it: its process dies, its deadline passes, or its results are no good. */
  readonly kind: "process" | "time" | "records";
  /** How often it comes to that: to one batch once, or to each that has a certain record. */
  readonly times: "once" | "always";
  /** How many records are in the batch. */
  readonly size: number;
}

export const NONE: Leeway = {
  halts: "never",
  setsAside: "never",
  suspects: () => false,
  asideChangesOthers: false,
  because: "",
};

/** What a fault in a stage may come to. */
export function leewayOf(
  plan: PipePlan,
  stage: PythonStage,
  harm: Harm,
  suspects: Leeway["suspects"],
): Leeway {
  const others = plan.stages.some((each) => each !== stage && each.kind === "python" && each.stateful);
  const leeway = { ...NONE, ...within(plan, stage, harm), suspects, asideChangesOthers: others };
  // What a stateful stage has in its process dies with it, whichever batch that was for.
  return others && harm.kind !== "records" && leeway.halts === "never" ? { ...leeway, halts: "may" } : leeway;
}

type Outcome = Partial<Leeway>;

function within(plan: PipePlan, stage: PythonStage, harm: Harm): Outcome {
  const policy = policyOf(plan, stage.name);
  if (stage.stateful && harm.kind !== "records") return mustHalt(`stage ${stage.name} is stateful`);
  if (typeof policy === "function") return { halts: "may", setsAside: "may" };
  const retried = policy instanceof Retry && isRetried(policy, stage, harm);
  if (harm.times === "once" && retried) return {};
  const final = policy instanceof Retry ? policy.final : policy;
  // Sent again under halt, tried again in a copy of the session under any other.
  if (harm.times === "once" && harm.kind === "process" && (policy === "halt" || final !== "halt")) return {};
  if (final === "halt") return mustHalt(`the policy of stage ${stage.name} is halt`);
  const isAlone = harm.size === 1 || stage.stateful;
  const halts = final instanceof RejectUpTo ? "may" : "never";
  if (harm.times === "always") return { halts, setsAside: "must" };
  return isAlone ? { halts, setsAside: "may" } : {};
}

function isRetried(policy: Retry<string>, stage: PythonStage, { kind }: Harm): boolean {
  if (stage.stateful || policy.attempts < 2) return false;
  return kind !== "records" || policy.on.some((each) => isBatchResult(each));
}

function isBatchResult(each: Retry["on"][number]): boolean {
  return (
    typeof each !== "string" && (each === BatchResultError || BatchResultError.prototype instanceof each)
  );
}

function mustHalt(because: string): Outcome {
  return { halts: "must", because };
}
