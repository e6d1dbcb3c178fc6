import type { Failed, Judge } from "../dispatch/judge.js";
import { rowOf } from "../errors/failed-step.js";
import { RecordRejectedError } from "../errors/rejected.js";
import { SessionLostError } from "../errors/session.js";
import type { Executor } from "../session/replicas.js";
import { untilStopped } from "../stopping.js";
import { BatchSender } from "./batch-sender.js";
import { type BatchSchemas, sendChecked } from "./checked-batch.js";
import { ColumnItem } from "./column-item.js";
import { failStage, type Operator } from "./contract.js";
import { dispatchOperator } from "./dispatch-operator.js";
import { faultOf } from "./fault.js";
import { fingerprintOf } from "./fingerprint.js";
import { FusedSettlement } from "./fused-settlement.js";
import { type Item, withPayload } from "./item.js";
import { judgeOf } from "./judge.js";
import { memberOf, type PythonMember } from "./python-member.js";
import type { PythonStage } from "./python-stage.js";
import type { Schemas } from "./schema.js";

/**
 * Records in batches through Python functions: that of one stage, or of several that are fused, one after the other.
 *
 * @param members a python stage first.
 */
export function pythonOperator(members: readonly PythonMember[]): Operator {
  const [{ stage, context }] = members as readonly [PythonMember & { stage: PythonStage }];
  const session = context.session as Executor;
  const batches = new BatchSender(members);
  const settlement = new FusedSettlement(members.map((member) => member.context));
  const { perProcess, perStage = Number.POSITIVE_INFINITY } = stage.inFlight;
  const schemas = schemasOf(members);
  return dispatchOperator<unknown>(
    {
      batching: stage.batching,
      pacing: stage,
      maxInFlight: Math.min(perProcess * session.width, perStage),
      execute: isChecked(schemas)
        ? (batch, how) =>
            untilStopped(
              sendChecked(batch, schemas, (fitting) => batches.send(fitting, how)),
              how.stop,
            )
        : (batch, how) => batches.send(batch, how),
      // What a tap throws is about the record that it was shown, whatever it is.
      faultOf: (error) =>
        members[memberOf(error)]?.stage.kind === "tap" ? "records" : faultOf(error, stage.stateful),
      // With a schema, what is sent may be fewer.
      suspectOf: isChecked(schemas) ? () => undefined : rowOf,
      repeats: !stage.stateful,
      judge: judgeOfMembers(members, !stage.stateful),
      fingerprintOf: (item) => fingerprintOf(item.payload, session.id),
      bytesOfRow: () => batches.bytesOfRow,
      atFault: (error) => atFault(error, members),
      settlement,
      settle: (item, result, attempts) => {
        if (result instanceof RecordRejectedError)
          settlement.rejects(item, result, attempts, memberOf(result));
        else settlement.done(result instanceof ColumnItem ? result : withPayload(item, result));
      },
      fail: (item, error, verdict, attempts) =>
        settlement.fails(item, error, verdict, attempts, memberOf(error)),
    },
    context,
  );
}

function schemasOf(members: readonly PythonMember[]): BatchSchemas {
  const last = members.findLastIndex(({ stage }) => stage.kind === "python");
  const [{ input, name }, { output, name: lastName }] = [0, last].map(
    (member) => members[member]?.stage as PythonStage,
  ) as [PythonStage, PythonStage];
  return { input, output, names: [name, lastName], last };
}

function isChecked({ input, output }: Schemas): boolean {
  return input !== undefined || output !== undefined;
}

/** The policy of the stage that failed decides. */
function judgeOfMembers(members: readonly PythonMember[], repeats: boolean): Judge<Item> {
  const judges = members.map(({ context }) => judgeOf(context.policy, context.stage, repeats));
  return (failed: Failed<Item>) => (judges[memberOf(failed.error)] as Judge<Item>)(failed);
}

/** A batch that was lost with its session is not at fault: the one is that the session died of, of whatever stage. */
function atFault(error: unknown, members: readonly PythonMember[]): unknown {
  const { context } = members[memberOf(error)] as PythonMember;
  const { sessionEnd } = context;
  const isLoss = error instanceof SessionLostError && sessionEnd.failure?.cause === error.cause;
  return isLoss ? sessionEnd.failure : failStage(error, context);
}
