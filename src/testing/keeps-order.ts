import type { PipePlan, StagePlan } from "../plan/plan.js";
import type { Pacing } from "../stage/pacing.js";

/** Whether what comes out of the pipe is in an order that is the same each time: no stage gives out records as they are done. */
export function keepsOrder(plan: PipePlan): boolean {
  return plan.stages.every((stage) => {
    const pacing = pacingOf(stage);
    return pacing === undefined || orderingOf(plan, pacing) === "preserve";
  });
}

/** The order in which a stage that works on several records at once gives them out. */
export function orderingOf(plan: PipePlan, { ordering }: Pacing): PipePlan["ordering"] {
  return ordering ?? plan.ordering;
}

/** Undefined for a stage that works on one record after the other. */
function pacingOf(stage: StagePlan): Pacing | undefined {
  if (stage.kind === "python") return stage;
  return stage.kind === "node" ? stage.concurrent : undefined;
}
