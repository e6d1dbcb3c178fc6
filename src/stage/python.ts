import { RecordRejectedError } from "../errors/rejected.js";
import { SessionLostError } from "../errors/session.js";
import type { Executor } from "../session/replicas.js";
import { untilStopped } from "../stopping.js";
import { BatchSender } from "./batch-sender.js";
import { sendChecked } from "./checked-batch.js";
import type { Operator, StageContext } from "./contract.js";
import { dispatchOperator } from "./dispatch-operator.js";
import { faultOf } from "./fault.js";
import { fingerprintOf } from "./fingerprint.js";
import { withPayload } from "./item.js";
import type { PythonStage } from "./python-stage.js";
import type { Schemas } from "./schema.js";

/** Records in batches through a Python function. */
export function pythonOperator(stage: PythonStage, context: StageContext): Operator {
  const session = context.session as Executor;
  const batches = new BatchSender(stage, context);
  const { perProcess, perStage = Number.POSITIVE_INFINITY } = stage.inFlight;
  return dispatchOperator<unknown>(
    {
      batching: stage.batching,
      pacing: stage,
      maxInFlight: Math.min(perProcess * session.width, perStage),
      execute: isChecked(stage)
        ? (batch, how) =>
            untilStopped(
              sendChecked(batch, stage, (fitting) => batches.send(fitting, how)),
              how.stop,
            )
        : (batch, how) => batches.send(batch, how),
      faultOf: (error) => faultOf(error, stage.stateful),
      repeats: !stage.stateful,
      fingerprintOf: (item) => fingerprintOf(item.payload, session.id),
      atFault: (error) => atFault(error, context),
      settle: (item, result, settlement, attempts) => {
        if (result instanceof RecordRejectedError) settlement.rejects(item, result, attempts);
        else settlement.done(withPayload(item, result));
      },
    },
    context,
  );
}

function isChecked({ input, output }: Schemas): boolean {
  return input !== undefined || output !== undefined;
}

/** A batch that was lost with its session is not at fault: the one is that the session died of, of whatever stage. */
function atFault(error: unknown, { sessionEnd }: StageContext): unknown {
  const isLoss = error instanceof SessionLostError && sessionEnd.failure?.cause === error.cause;
  return isLoss ? sessionEnd.failure : undefined;
}
