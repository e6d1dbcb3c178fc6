import type { Operator, StageContext } from "./contract.js";
import { itemOperator } from "./item-operator.js";
import { withRoute } from "./routed-item.js";

/** The plan of a merge stage: records of outputs become records of its line again. */
export interface MergeStage {
  readonly kind: "merge";
  readonly name: string;
  /** Undefined: every output of the pipe that it is declared in, also those that only a function names. */
  readonly outputs: readonly string[] | undefined;
}

/** Puts each record on the line of the stage. */
export function mergeOperator(context: StageContext): Operator {
  const { line } = context.directions;
  return itemOperator<void>(
    {
      apply: () => {},
      settle: (item, _, settlement) => settlement.done(withRoute(item, line)),
    },
    context,
  );
}
