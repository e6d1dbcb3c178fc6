import type { Clock } from "../clock.js";
import { type PipePlan, policyOf, type StagePlan } from "../plan/plan.js";
import { directionsOf } from "../plan/topology.js";
import type { Executor } from "../session/replicas.js";
import {
  type Chunk,
  type Operator,
  type SessionEnd,
  type StageContext,
  StageFailure,
} from "../stage/contract.js";
import { mergeOperator } from "../stage/merge.js";
import { nodeOperator } from "../stage/node.js";
import { PassingItem } from "../stage/passing-item.js";
import { pythonOperator } from "../stage/python.js";
import { routeOperator } from "../stage/route.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { RunEvents } from "../telemetry/events.js";
import type { RunAccounts } from "./accounts.js";
import type { Receipts } from "./receipts.js";
import { type MakeItem, source } from "./source.js";

/** What a run gives its stages. */
export interface ChainOptions {
  readonly run: string;
  readonly plan: PipePlan;
  readonly input: Iterable<unknown> | AsyncIterable<unknown>;
  readonly makeItem: MakeItem;
  /** Of an input whose records are acknowledged. */
  readonly receipts?: Receipts | undefined;
  readonly session: Executor | undefined;
  readonly probes: Executor | undefined;
  /** Aborted when the input is to be taken for ended. */
  readonly drained: AbortSignal;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly abort: AbortSignal | undefined;
  readonly accounts: RunAccounts;
  readonly clock: Clock;
  readonly events: Emitter<RunEvents>;
}

/** The stages of a run, connected: pulling `chunks` runs it. */
export interface Chain {
  readonly chunks: AsyncGenerator<Chunk>;
  /** Stops every stage: nothing more is wanted. */
  stop(reason: unknown): void;
}

/**
 * input ──▶ stage ──▶ stage ──▶ … ; each stage pulls the one before it. Those of branches stand in the same row: what is not for a stage passes it by in its
 * place, so that the order of the input is kept, and a merge need not wait for anything.
 */
export function buildChain(options: ChainOptions): Chain {
  // One switch for the input and one for each stage: a stage that fails stops itself and what comes before it, not what comes after.
  const switches = [options.input, ...options.plan.stages].map(() => new AbortController());
  const stopUpTo = (last: number, reason: unknown): void => {
    for (const each of switches.slice(0, last + 1)) each.abort(reason);
  };
  const sessionEnd: SessionEnd = { failure: undefined };
  let chunks: AsyncGenerator<Chunk> = source({
    input: options.input,
    makeItem: (record, position) => {
      const item = options.makeItem(record, position);
      options.accounts.given(item);
      return item;
    },
    stopped: (switches[0] as AbortController).signal,
    drained: options.drained,
    onTaken: () => {
      options.accounts.taken += 1;
    },
    onLate: (record) => options.receipts?.refused(record),
    room: () => options.receipts?.room(),
  });
  for (const [index, stage] of options.plan.stages.entries()) {
    const stop = (reason: unknown): void => stopUpTo(index + 1, reason);
    const stopped = (switches[index + 1] as AbortController).signal;
    chunks = observed(chunks, stage, contextOf(stage, index, options, { stop, stopped, sessionEnd }));
  }
  return { chunks, stop: (reason) => stopUpTo(switches.length - 1, reason) };
}

function contextOf(
  stage: StagePlan,
  index: number,
  options: ChainOptions,
  control: Pick<StageContext, "stop" | "stopped" | "sessionEnd">,
): StageContext {
  const { run, plan, session, probes, metadata, abort, accounts, clock, events } = options;
  return {
    ...control,
    run,
    pipe: plan.name,
    stage: stage.name,
    index,
    directions: directionsOf(plan, index),
    session,
    probes,
    policy: policyOf(plan, stage.name),
    ordering: plan.ordering,
    metadata,
    stores: plan.stores,
    books: accounts.stages[index] as StageContext["books"],
    clock,
    events,
    abort,
  };
}

function operatorOf(stage: StagePlan, context: StageContext): Operator {
  switch (stage.kind) {
    case "node":
      return nodeOperator(stage, context);
    case "python":
      return pythonOperator(stage, context);
    case "route":
      return routeOperator(stage, context);
    case "merge":
      return mergeOperator(context);
  }
}

/** A stage with its entries in the books, and its start and end in the events. */
async function* observed(
  upstream: AsyncIterable<Chunk>,
  stage: StagePlan,
  context: StageContext,
): AsyncGenerator<Chunk> {
  const { run, pipe, session, books, events } = context;
  const about = { run, pipe, session: session?.id, stage: stage.name, kind: stage.kind };
  let began: number | undefined;
  async function* entering(): AsyncGenerator<Chunk> {
    for await (const chunk of upstream) {
      if (began === undefined && chunk.some((item) => !PassingItem.passes(item, context.index))) {
        began = performance.now();
        events.emit("stage-start", about);
      }
      books.entered(chunk);
      yield chunk;
    }
  }
  const elapsed = (): number => performance.now() - (began as number);
  try {
    yield* operatorOf(stage, context)(entering());
  } catch (error) {
    // What comes through from another stage, or from the input, is not this stage's failure.
    if (began !== undefined && error instanceof StageFailure && error.stage === stage.name) {
      events.emit("stage-failure", { ...about, durationMs: elapsed(), error: error.cause });
      began = undefined;
    }
    throw error;
  } finally {
    const { in: taken, out, rejected, filtered } = books.counts;
    if (began !== undefined)
      events.emit("stage-stop", { ...about, durationMs: elapsed(), in: taken, out, rejected, filtered });
  }
}
