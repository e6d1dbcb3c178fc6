import { realClock } from "../../src/clock.js";
import { type PipePlan, policyOf } from "../../src/plan/plan.js";
import { directionsOf } from "../../src/plan/topology.js";
import { RunAccounts } from "../../src/run/accounts.js";
import type { Ledger } from "../../src/run/ledger.js";
import { Rejections } from "../../src/run/rejections.js";
import type { Executor } from "../../src/session/replicas.js";
import type { StageContext } from "../../src/stage/contract.js";
import type { Rejection } from "../../src/stage/item.js";
import type { PythonMember } from "../../src/stage/python-member.js";
import { Emitter } from "../../src/telemetry/emitter.js";
import { RUN_EVENTS, type RunEvents } from "../../src/telemetry/events.js";

export interface GroupStand {
  readonly members: readonly PythonMember[];
  readonly contexts: readonly StageContext[];
  readonly events: Emitter<RunEvents>;
  readonly rejections: readonly Rejection[];
  /** What `stop` was called with. */
  readonly stops: readonly unknown[];
  readonly stopping: AbortController;
  readonly books: Ledger["stages"];
}

/** The surroundings of a plan whose stages make one trip, without a run: what they do to them can be read off. */
export function groupStand(plan: PipePlan, session?: Executor): GroupStand {
  const rejections = new Rejections({ run: "run-1", pipe: plan.name }, undefined);
  const accounts = new RunAccounts(plan, rejections);
  const stopping = new AbortController();
  const stops: unknown[] = [];
  const shared = {
    run: "run-1",
    pipe: plan.name,
    entry: plan.stages[0]?.name as string,
    session,
    probes: session,
    ordering: plan.ordering,
    metadata: { city: "Bern" },
    stores: plan.stores,
    clock: realClock,
    events: new Emitter<RunEvents>(RUN_EVENTS),
    stopped: stopping.signal,
    stop: (reason: unknown) => {
      stops.push(reason);
      stopping.abort(reason);
    },
    abort: undefined,
    sessionEnd: { failure: undefined, blamed: undefined },
    views: new Map(),
  };
  const members = plan.stages.map((stage, index): PythonMember => {
    const context: StageContext = {
      ...shared,
      stage: stage.name,
      index,
      directions: directionsOf(plan, index),
      policy: policyOf(plan, stage.name),
      books: accounts.stages[index] as StageContext["books"],
    };
    return { stage: stage as PythonMember["stage"], context };
  });
  return {
    members,
    contexts: members.map(({ context }) => context),
    events: shared.events,
    stopping,
    stops,
    rejections: rejections.kept,
    get books() {
      return accounts.ledger().stages;
    },
  };
}
