import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.js";
import type { StageGroup } from "../plan/fusion.js";
import { type PipePlan, policyOf, type StagePlan } from "../plan/plan.js";
import { directionsOf } from "../plan/topology.js";
import type { Executor } from "../session/replicas.js";
import type { Chunk, Operator, SessionEnd, StageContext } from "../stage/contract.js";
import { mergeOperator } from "../stage/merge.js";
import { nodeOperator } from "../stage/node.js";
import { pythonOperator } from "../stage/python.js";
import type { PythonMember } from "../stage/python-member.js";
import { routeOperator } from "../stage/route.js";
import { tapOperator } from "../stage/tap.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { RunEvents } from "../telemetry/events.js";
import type { View } from "../views/view.js";
import type { RunAccounts } from "./accounts.js";
import { metered } from "./explain/load.js";
import { observed } from "./observed.js";
import type { Receipts } from "./receipts.js";
import { type MakeItem, source } from "./source.js";
import type { StageAccount } from "./stage-account.js";

/** What a run gives its stages. */
export interface ChainOptions {
  readonly run: string;
  readonly plan: PipePlan;
  /** Which of its stages make one trip. */
  readonly groups: readonly StageGroup[];
  readonly input: Iterable<unknown> | AsyncIterable<unknown>;
  readonly makeItem: MakeItem;
  /** Of an input whose records are acknowledged. */
  readonly receipts?: Receipts | undefined;
  readonly session: Executor | undefined;
  readonly probes: Executor | undefined;
  /** Aborted when the input is to be taken for ended. */
  readonly drained: AbortSignal;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What the Python of each stage may ask, by the name of the stage. */
  readonly views: ReadonlyMap<string, ReadonlyMap<string, View>>;
  readonly abort: AbortSignal | undefined;
  readonly accounts: RunAccounts;
  /** Called with how long the input was waited for, each time. */
  readonly onWaited?: ((durationMs: number) => void) | undefined;
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
  // Everything that a stage has in flight may listen to its own.
  for (const { signal } of switches) setMaxListeners(0, signal);
  const stopUpTo = (last: number, reason: unknown): void => {
    for (const each of switches.slice(0, last + 1)) each.abort(reason);
  };
  const sessionEnd: SessionEnd = { failure: undefined, blamed: undefined };
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
    onWaited: options.onWaited,
    room: () => options.receipts?.room(),
    onRoom: (began) => options.accounts.waits.add("acknowledgements", began),
  });
  for (const { first, length } of options.groups) {
    const last = first + length - 1;
    // The stages of a group stop together.
    const stop = (reason: unknown): void => stopUpTo(last + 1, reason);
    const stopped = (switches[last + 1] as AbortController).signal;
    const stages = options.plan.stages.slice(first, last + 1).map((stage, place) => {
      const entry = options.plan.stages[first]?.name as string;
      const { load } = options.accounts.stages[first + place] as StageAccount;
      return {
        stage: metered(stage, load),
        context: contextOf(stage, first + place, options, { stop, stopped, sessionEnd, entry }),
      };
    });
    chunks = observed(chunks, stages, () => operatorOf(stages));
  }
  return { chunks, stop: (reason) => stopUpTo(switches.length - 1, reason) };
}

const NO_VIEWS: ReadonlyMap<string, View> = new Map();

/** A stage, with what it has of the run. */
interface Placed {
  readonly stage: StagePlan;
  readonly context: StageContext;
}

function contextOf(
  stage: StagePlan,
  index: number,
  options: ChainOptions,
  control: Pick<StageContext, "stop" | "stopped" | "sessionEnd" | "entry">,
): StageContext {
  const { run, plan, session, probes, metadata, views, abort, accounts, clock, events } = options;
  const { stop, stopped, sessionEnd, entry } = control;
  return {
    stop,
    stopped,
    sessionEnd,
    entry,
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
    views: views.get(stage.name) ?? NO_VIEWS,
    books: accounts.stages[index] as StageContext["books"],
    clock,
    events,
    abort,
  };
}

function operatorOf(stages: readonly Placed[]): Operator {
  const [{ stage, context }] = stages as readonly [Placed];
  switch (stage.kind) {
    case "node":
      return nodeOperator(stage, context);
    case "tap":
      return tapOperator(stage, context);
    case "python":
      return pythonOperator(stages as readonly PythonMember[]);
    case "route":
      return routeOperator(stage, context);
    case "merge":
      return mergeOperator(context);
  }
}
