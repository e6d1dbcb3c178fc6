import type { Ordering } from "../dispatch/order.js";
import { DEFAULT_ROUTE, type ItemId } from "../stage/item.js";
import type { MergeStage } from "../stage/merge.js";
import type { NodeStage } from "../stage/node.js";
import { type ErrorPolicy, routeOfPolicy } from "../stage/policy.js";
import type { PythonStage } from "../stage/python-stage.js";
import type { RouteStage } from "../stage/route.js";
import type { TapStage } from "../stage/tap.js";

/** What a stage does. */
export type StageWork = NodeStage | TapStage | PythonStage | RouteStage | MergeStage;

/** Where a stage stands among the others. */
export interface StagePlace {
  /** The output whose records it works on; `default` on the main line. */
  readonly line: string;
  /** The outputs from which it takes records that have come to their end there: the first stage of a branch and merges have such. */
  readonly opens: readonly string[];
  /** From how many stages before it those may come: all that were declared before it in the same pipe, so that a pipe does the same inside another. */
  readonly reach: number;
}

export type StagePlan = StageWork & StagePlace;

/** What a pipe is: plain data. A run carries it out. */
export interface PipePlan {
  readonly name: string;
  /** Gives each record its id; its position in the input when left out. */
  readonly id: ((record: unknown, position: number) => ItemId) | undefined;
  /** For stages that do not say it themselves. */
  readonly ordering: Ordering;
  /** In the order in which they were declared; `topology.ts` says what goes from where to where. */
  readonly stages: readonly StagePlan[];
  /** The outputs beside `default` that are known before the run; what a function sends records to comes to these. */
  readonly outputs: readonly string[];
  readonly stores: Readonly<Record<string, unknown>>;
  /** By stage name; `*` for all that have none of their own. */
  readonly policies: Readonly<Record<string, ErrorPolicy>>;
}

/** What a stage does with records that fail, unless the pipe says otherwise. */
const DEFAULT_POLICY: ErrorPolicy = "halt";

/** The policy of a stage: its own, else that of `*`, else the default. */
export function policyOf(plan: PipePlan, stage: string): ErrorPolicy {
  // Its own: a stage may be called `toString`, which every object has.
  return (Object.hasOwn(plan.policies, stage) ? plan.policies[stage] : plan.policies["*"]) ?? DEFAULT_POLICY;
}

/** Every output that is known before the run, `default` last. */
export function outputsOf(plan: PipePlan): string[] {
  return [...plan.outputs, DEFAULT_ROUTE];
}

/** The known outputs of a plan, and more, each once. */
export function withOutputs(plan: PipePlan, added: readonly string[]): string[] {
  return [...new Set([...plan.outputs, ...added])].filter((output) => output !== DEFAULT_ROUTE);
}

/** The plan with a policy for a stage, or for `*`. */
export function withPolicy(plan: PipePlan, stage: string, policy: ErrorPolicy): PipePlan {
  const route = routeOfPolicy(policy);
  return {
    ...plan,
    policies: { ...plan.policies, [stage]: policy },
    outputs: withOutputs(plan, route === undefined ? [] : [route]),
  };
}

/** The plan, which nobody can change any more. */
export function frozen(plan: PipePlan): PipePlan {
  for (const stage of plan.stages) {
    if (stage.kind === "route") Object.freeze(stage.routes);
    if (stage.kind === "merge") Object.freeze(stage.outputs);
    Object.freeze(stage.opens);
    Object.freeze(stage);
  }
  return Object.freeze({
    ...plan,
    stages: Object.freeze([...plan.stages]),
    outputs: Object.freeze([...plan.outputs]),
    stores: Object.freeze({ ...plan.stores }),
    policies: Object.freeze({ ...plan.policies }),
  });
}
