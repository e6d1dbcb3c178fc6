import type { StageGroup } from "../../plan/fusion.js";
import type { PipePlan, StagePlan } from "../../plan/plan.js";
import type { RunStatus } from "../../telemetry/events.js";
import type { RunAccounts } from "../accounts.js";
import type { StageAccount } from "../stage-account.js";
import type { MeasuredPython, MeasuredRun, MeasuredStage, MeasuredTrips } from "./explanation.js";
import type { Pace } from "./pace.js";

/** What a run that has ended is explained by. */
export interface EndedRun {
  readonly run: string;
  readonly status: RunStatus;
  readonly durationMs: number;
  readonly plan: PipePlan;
  readonly groups: readonly StageGroup[];
  readonly accounts: RunAccounts;
  readonly pace: Pace;
}

/** The numbers of a run, without what they come to. */
export function measured({ plan, groups, accounts, pace, ...ended }: EndedRun): MeasuredRun {
  const { run, status, durationMs } = ended;
  const { in: taken, out } = accounts.ledger();
  const { consumerMs, loop, processes, failed } = pace;
  const groupOf = (index: number): StageGroup =>
    groups.find(({ first, length }) => index < first + length) as StageGroup;
  const trips = groups.flatMap((group) => tripsOf(plan, accounts, group));
  return {
    run,
    pipe: plan.name,
    status,
    durationMs,
    in: taken,
    out,
    inputMs: pace.inputMs,
    waits: accounts.waits.ms,
    ...(consumerMs !== undefined && { consumerMs }),
    ...(loop !== undefined && { loop }),
    ...(trips.length > 0 && { python: pythonOf(accounts, processes) }),
    stages: plan.stages.map((stage, index) =>
      stageOf(stage, accounts.stages[index] as StageAccount, groupOf(index).length > 1),
    ),
    trips,
    failed: { ...failed },
  };
}

function stageOf(stage: StagePlan, account: StageAccount, isFused: boolean): MeasuredStage {
  const { in: taken, out } = account.counts;
  const { name, kind } = stage;
  const pacing = stage.kind === "node" ? stage.concurrent : stage.kind === "python" ? stage : undefined;
  const workMs = kind === "python" ? account.computeMs : account.load.ms;
  return {
    stage: name,
    kind,
    in: taken,
    out,
    ...(kind === "tap" && isFused ? {} : { workMs }),
    ...(kind !== "python" && { atOnce: stage.kind === "node" ? (stage.concurrent?.concurrency ?? 1) : 1 }),
    ...(pacing?.rateLimit && { rateLimited: true }),
    ...(stage.kind === "python" && stage.stateful && { stateful: true }),
  };
}

/** The trips that a group has made, if it has made any. */
function tripsOf(plan: PipePlan, accounts: RunAccounts, { first, length }: StageGroup): MeasuredTrips[] {
  const { crossings } = accounts.stages[first] as StageAccount;
  if (crossings.trips === 0) return [];
  const members = plan.stages.slice(first, first + length);
  const isTap = ({ kind }: StagePlan): boolean => kind === "tap";
  const { trips, rows, bytesSent, bytesReceived, durationMs, times } = crossings;
  const [entry] = members;
  const perStage = entry?.kind === "python" ? entry.inFlight.perStage : undefined;
  const taps = members.filter(isTap).map(({ name }) => name);
  const tapWorkMs = accounts.stages
    .slice(first, first + length)
    .filter((_, member) => isTap(members[member] as StagePlan))
    .map(({ load }) => load.ms);
  return [
    {
      stages: members.filter(({ kind }) => kind === "python").map(({ name }) => name),
      taps,
      tapWorkMs,
      ...(perStage !== undefined && { perStage }),
      trips,
      rows,
      bytesSent,
      bytesReceived,
      durationMs,
      times,
      tapsMs: taps.length === 0 ? 0 : crossings.taps.anyMs,
    },
  ];
}

function pythonOf({ python }: RunAccounts, processes: number | undefined): MeasuredPython {
  const { working, asked } = python;
  return {
    ...(processes !== undefined && { processes }),
    workMs: working.sumMs,
    anyMs: working.anyMs,
    waitedMs: Math.max(0, asked.anyMs - working.anyMs),
  };
}
