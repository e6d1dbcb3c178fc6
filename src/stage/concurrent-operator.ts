import { bulkhead } from "cockatiel";
import { untilStopped } from "../stopping.js";
import { fixed } from "./batching.js";
import { failStage, type Operator, type StageContext } from "./contract.js";
import { dispatchOperator } from "./dispatch-operator.js";
import type { Item } from "./item.js";
import type { ItemWork } from "./item-operator.js";
import { judgeOf } from "./judge.js";
import type { Pacing } from "./pacing.js";
import { Settlement } from "./settlement.js";

/** How many items a stage works on at once, and how it takes and gives them. */
export interface Concurrency extends Pacing {
  readonly concurrency: number;
}

/** Several items at a time; node stages with `concurrency` or a rate limit are this. */
export function concurrentOperator<Result>(
  work: ItemWork<Result>,
  pacing: Concurrency,
  context: StageContext,
): Operator {
  // An item that waits for its retry lets others go by; when it is tried again, it is one of those that are worked on at once.
  const settlement = new Settlement(context);
  const places = bulkhead(pacing.concurrency, Number.POSITIVE_INFINITY);
  return dispatchOperator<Result>(
    {
      batching: fixed(1),
      pacing,
      maxInFlight: pacing.concurrency,
      execute: async ([item], { stop }) => [
        await untilStopped(
          places.execute(async () => work.apply(item as Item)),
          stop,
        ),
      ],
      faultOf: () => "records",
      repeats: true,
      fingerprintOf: () => undefined,
      judge: judgeOf(context.policy, context.stage, true),
      atFault: (error) => failStage(error, context),
      settlement,
      settle: (item, result, attempts) => work.settle(item, result, settlement, attempts),
      fail: (item, error, verdict, attempts) => {
        settlement.fails(item, error, verdict, attempts);
        work.failed?.(item, error, verdict);
      },
    },
    context,
  );
}
