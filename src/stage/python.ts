import { dispatch } from "../dispatch/dispatch.js";
import type { Outcome } from "../dispatch/judge.js";
import { PoisonMemory } from "../dispatch/poison.js";
import { FixedBatches } from "../dispatch/strategies/fixed.js";
import { RecordRejectedError } from "../errors/rejected.js";
import { SessionLostError } from "../errors/session.js";
import type { Executor } from "../session/replicas.js";
import { BatchSender, IN_FLIGHT } from "./batch-sender.js";
import { sendChecked } from "./checked-batch.js";
import { type Chunk, failStage, type Operator, type StageContext, waitForRoom } from "./contract.js";
import { faultOf } from "./fault.js";
import { fingerprintOf } from "./fingerprint.js";
import { type Item, withPayload } from "./item.js";
import { judgeOf } from "./judge.js";
import { PassingItem } from "./passing-item.js";
import type { PythonStage } from "./python-stage.js";
import type { Schemas } from "./schema.js";
import { Settlement } from "./settlement.js";
import { untilStopped } from "./stopping.js";

/** Records in batches through a Python function. */
export function pythonOperator(stage: PythonStage, context: StageContext): Operator {
  return async function* run(upstream: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    const { books, clock, stopped } = context;
    const session = context.session as Executor;
    const batches = new BatchSender(stage, context);
    const settlement = new Settlement(context);
    const judge = judgeOf(context.policy, stage.name, !stage.stateful);
    let failure: { error: unknown } | undefined;
    const outcomes = dispatch<Item, unknown>(upstream, {
      strategy: new FixedBatches(stage.batchSize),
      maxInFlight: IN_FLIGHT * session.width,
      passes: (item) => PassingItem.passes(item, context.index),
      execute: isChecked(stage)
        ? (batch, how) =>
            untilStopped(
              sendChecked(batch, stage, (fitting) => batches.send(fitting, how)),
              how.stop,
            )
        : (batch, how) => batches.send(batch, how),
      // A function of the user's may take its time, and must not hold up the end.
      judge: (failed) => {
        const verdict = judge(failed);
        return verdict instanceof Promise ? untilStopped(verdict, stopped) : verdict;
      },
      faultOf: (error) => faultOf(error, stage.stateful),
      divides: !stage.stateful,
      poison: new PoisonMemory((item) => fingerprintOf(item.payload, session.id)),
      wait: async (ms, stop) => {
        if (ms > 0) await clock.sleep(ms, stop);
      },
      stopped,
      onFailure: (error) => {
        failure = { error: atFault(error, context) ?? failStage(error, context) };
        context.stop(error);
      },
      onUnfinished: (items) => books.unfinished(items),
    });
    try {
      for await (const answered of outcomes) {
        const tooMany = settle(answered, settlement, context);
        const done = settlement.close();
        if (done.length > 0) yield done;
        if (tooMany) throw tooMany.error;
        const room = books.room();
        if (room !== undefined) await waitForRoom(room, context);
      }
    } catch (error) {
      throw failure ? failure.error : error;
    }
  };
}

function isChecked({ input, output }: Schemas): boolean {
  return input !== undefined || output !== undefined;
}

/** A batch that was lost with its session is not at fault: the one is that the session died of, of whatever stage. */
function atFault(error: unknown, { sessionEnd }: StageContext): unknown {
  const isLoss = error instanceof SessionLostError && sessionEnd.failure?.cause === error.cause;
  return isLoss ? sessionEnd.failure : undefined;
}

/** Puts down what became of a batch; gives back what ends the stage: more were rejected than may be. */
function settle(
  outcomes: readonly Outcome<Item, unknown>[],
  settlement: Settlement,
  context: StageContext,
): { error: unknown } | undefined {
  for (const [index, outcome] of outcomes.entries()) {
    try {
      put(outcome, settlement);
    } catch (error) {
      context.books.unfinished(outcomes.slice(index).map(({ record }) => record));
      return { error };
    }
  }
  return undefined;
}

function put(outcome: Outcome<Item, unknown>, settlement: Settlement): void {
  const { record } = outcome;
  if (outcome.kind === "passed") settlement.passes(record);
  else if (outcome.kind === "failed")
    settlement.fails(record, outcome.error, outcome.verdict, outcome.attempts);
  else if (outcome.result instanceof RecordRejectedError)
    settlement.rejects(record, outcome.result, outcome.attempts);
  else settlement.done(withPayload(record, outcome.result));
}
