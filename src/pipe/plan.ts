import { DEFAULT_ROUTE, type ItemId } from "../stage/item.js";
import type { NodeStage } from "../stage/node.js";
import { type ErrorPolicy, routeOfPolicy } from "../stage/policy.js";
import type { PythonStage } from "../stage/python-stage.js";
import type { RouteStage } from "../stage/route.js";

export type StagePlan = NodeStage | PythonStage | RouteStage;

/** What a pipe is: plain data. A run carries it out. */
export interface PipePlan {
  readonly name: string;
  /** Gives each record its id; its position in the input when left out. */
  readonly id: ((record: unknown, position: number) => ItemId) | undefined;
  readonly stages: readonly StagePlan[];
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

/** Every output that is known before the run; what a function sends records to comes to these. */
export function routesOf(plan: PipePlan): string[] {
  const named = plan.stages.flatMap((stage) =>
    stage.kind === "route" ? stage.routes.map(([name]) => name) : [],
  );
  const failed = Object.values(plan.policies).flatMap((policy) => routeOfPolicy(policy) ?? []);
  return [...new Set([...named, ...failed, DEFAULT_ROUTE])];
}
