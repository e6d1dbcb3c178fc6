import type { Failed, Judge } from "../dispatch/judge.js";
import { rowOf } from "../errors/failed-step.js";
import { RecordRejectedError } from "../errors/rejected.js";
import { SessionLostError } from "../errors/session.js";
import type { Executor } from "../session/replicas.js";
import { untilStopped } from "../stopping.js";
import { BatchSender, type Sending } from "./batch-sender.js";
import { CacheDesk, isOfCache } from "./cache-desk.js";
import { CachedSender } from "./cache-sender.js";
import { type BatchSchemas, checkedResults, sendFitting } from "./checked-batch.js";
import { ColumnItem } from "./column-item.js";
import { failStage, type Operator } from "./contract.js";
import { dispatchOperator } from "./dispatch-operator.js";
import { faultOf } from "./fault.js";
import { fingerprintOf } from "./fingerprint.js";
import { FusedSettlement } from "./fused-settlement.js";
import { type Item, withPayload } from "./item.js";
import { judgeOf } from "./judge.js";
import { memberOf, type PythonMember, thrownBy } from "./python-member.js";
import type { PythonStage } from "./python-stage.js";
import { RouteTo } from "./results.js";
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
  const desk = stage.cache && new CacheDesk(stage.cache, context);
  const settlement = new FusedSettlement(members.map((member) => member.context));
  const { perProcess, perStage = Number.POSITIVE_INFINITY } = stage.inFlight;
  const schemas = schemasOf(members);
  const isDirect = desk === undefined && !isChecked(schemas);
  const send = sending(batches, schemas, desk, members.length > 1);
  return dispatchOperator<unknown>(
    {
      batching: stage.batching,
      pacing: stage,
      maxInFlight: Math.min(perProcess * session.width, perStage),
      execute: isDirect
        ? (batch, how) => batches.send(batch, how)
        : (batch, how) => untilStopped(send(batch, how), how.stop),
      // What a tap throws is about the record that it was shown, whatever it is; so is what the functions of a cache throw.
      faultOf: (error) =>
        members[memberOf(error)]?.stage.kind === "tap" || isOfCache(error)
          ? "records"
          : faultOf(error, stage.stateful),
      // With a schema before the function, what is sent may be fewer.
      suspectOf: schemas.input === undefined ? rowOf : () => undefined,
      repeats: !stage.stateful,
      judge: judgeOfMembers(members, !stage.stateful),
      fingerprintOf: (item) => fingerprintOf(item.payload, session.id),
      bytesOfRow: () => batches.bytesOfRow,
      atFault: (error) => atFault(error, members),
      settlement,
      settle: (item, result, attempts) => {
        if (result instanceof RecordRejectedError)
          settlement.rejects(item, result, attempts, memberOf(result));
        else if (result instanceof RouteTo) settlement.leaves(item, result.route, 0);
        else settlement.done(result instanceof ColumnItem ? result : withPayload(item, result));
        desk?.settled(item);
      },
      fail: (item, error, verdict, attempts) => {
        settlement.fails(item, thrownBy(error), verdict, attempts, memberOf(error));
        if (verdict.kind === "reject" && memberOf(error) === 0 && faultOf(error, false) === "records")
          desk?.failed(item, error);
        desk?.settled(item);
      },
    },
    context,
  );
}

/** How a batch is carried out that is checked, or has a cache before it: input, cache, functions, output. Where there is one stage, what is kept has been checked. */
function sending(
  batches: BatchSender,
  schemas: BatchSchemas,
  desk: CacheDesk | undefined,
  isFused: boolean,
): (items: readonly Item[], how: Sending) => Promise<readonly unknown[]> {
  if (desk === undefined)
    return (items, how) =>
      sendFitting(items, schemas, async (fitting) =>
        checkedResults(await batches.send(fitting, how), schemas),
      );
  const cached = new CachedSender(
    desk,
    async (items, entering, how) => {
      const { results, first } = await batches.carryOut(items, how, isFused ? entering : undefined);
      const checked = await checkedResults(results, schemas);
      return { results: checked, first: isFused ? first : (place) => checked[place] };
    },
    isFused,
  );
  return (items, how) => sendFitting(items, schemas, (fitting) => cached.send(fitting, how));
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
  return ({ error, records, attempts }: Failed<Item>) =>
    (judges[memberOf(error)] as Judge<Item>)({ error: thrownBy(error), records, attempts });
}

/** A batch that was lost with its session is not at fault: the one is that the session died of, of whatever stage. Nor is one that another stage has stopped. */
function atFault(error: unknown, members: readonly PythonMember[]): unknown {
  const [first] = members as readonly [PythonMember];
  if (first.context.stopped.aborted) return error;
  const { context } = members[memberOf(error)] ?? first;
  const { sessionEnd } = context;
  const isLoss = error instanceof SessionLostError && sessionEnd.failure?.cause === error.cause;
  if (!isLoss) return failStage(thrownBy(error), context);
  sessionEnd.blamed = sessionEnd.failure;
  return sessionEnd.blamed;
}
