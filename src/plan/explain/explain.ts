import { DEFAULT_ROUTE } from "../../stage/item.js";
import type { Pacing } from "../../stage/pacing.js";
import type { PythonStage } from "../../stage/python-stage.js";
import { fusionOf, type StageGroup } from "../fusion.js";
import { nodeOf } from "../graph/node.js";
import type { PipePlan, StagePlan } from "../plan.js";
import type {
  ExplainedDispatch,
  ExplainedOperator,
  ExplainedReturn,
  ExplainedStage,
  ExplainedTrip,
  PipeExplanation,
} from "./explanation.js";

/** How a plan is carried out. */
export function explanationOf(plan: PipePlan): PipeExplanation {
  const { groups, reasons } = fusionOf(plan);
  const operators = groups.map((group) => operatorOf(plan, group, reasons));
  const isOnMainLine = ({ stages: [first], trip }: ExplainedOperator): boolean =>
    trip !== undefined && first?.line === DEFAULT_ROUTE;
  return { name: plan.name, trips: operators.filter(isOnMainLine).length, operators };
}

function operatorOf(
  plan: PipePlan,
  { first, length }: StageGroup,
  reasons: ReadonlyMap<number, string>,
): ExplainedOperator {
  const members = plan.stages.slice(first, first + length);
  const [stage] = members as [StagePlan];
  const stages = members.map((member) => stageOf(plan, member));
  if (stage.kind !== "python") {
    const pacing = stage.kind === "node" ? stage.concurrent : undefined;
    return { stages, ...(pacing && { dispatch: dispatchOf(plan, stage, pacing) }) };
  }
  const apart = apartOf(plan, first, reasons);
  return { stages, dispatch: dispatchOf(plan, stage, stage), trip: tripOf(plan, members, apart) };
}

/** What a picture of the pipe says of it, but for what holds for the whole trip. */
function stageOf(plan: PipePlan, stage: StagePlan): ExplainedStage {
  const node = nodeOf(plan, stage, "");
  const { name, kind, line } = stage;
  return {
    name,
    kind,
    line,
    ...("policy" in node && { policy: node.policy }),
    ...("schemas" in node && { schemas: node.schemas }),
    ...("cache" in node && { cache: node.cache }),
    ...(node.kind === "node" && { concurrency: node.concurrency }),
    ...(stage.kind === "python" && stage.columns && { columns: true as const }),
    ...(stage.kind === "tap" && { picks: stage.when !== undefined }),
    ...(node.kind === "python" && {
      module: node.module,
      function: node.function,
      each: node.each,
      stateful: node.stateful,
      timeoutMs: node.timeoutMs,
      ...(node.views && { views: node.views }),
    }),
  };
}

function dispatchOf(plan: PipePlan, stage: StagePlan, { ordering, buffer }: Pacing): ExplainedDispatch {
  const node = nodeOf(plan, stage, "");
  const { rows, bytes } = buffer;
  return {
    ordering: ordering ?? plan.ordering,
    buffer: { ...(rows !== undefined && { rows }), bytes },
    ...("rateLimit" in node && node.rateLimit !== undefined && { rateLimit: node.rateLimit }),
  };
}

function tripOf(plan: PipePlan, members: readonly StagePlan[], apart: ExplainedTrip["apart"]): ExplainedTrip {
  const [first] = members as readonly [StagePlan & PythonStage];
  const { perProcess, perStage } = first.inFlight;
  const { batching } = nodeOf(plan, first, "") as Pick<ExplainedTrip, "batching">;
  return {
    batching,
    inFlight: { perProcess, ...(perStage !== undefined && { perStage }) },
    home: homeOf(members),
    ...(apart && { apart }),
  };
}

function homeOf(members: readonly StagePlan[]): ExplainedReturn[] {
  const home: ExplainedReturn[] = [];
  let stage = "";
  for (const { kind, name, ...member } of members) {
    if (kind !== "python") home.push({ stage, tap: name });
    else {
      stage = name;
      if (members.length > 1 && "cache" in member && member.cache) home.push({ stage, cache: true });
    }
  }
  return [...home, { stage }];
}

/** Why a trip does not go on with that of the python stage before it. */
function apartOf(
  plan: PipePlan,
  index: number,
  reasons: ReadonlyMap<number, string>,
): ExplainedTrip["apart"] {
  const before = plan.stages.slice(0, index);
  const last = before.findLastIndex(({ kind }) => kind === "python");
  if (last < 0) return undefined;
  const between = before.slice(last + 1).find(({ kind }) => kind !== "tap");
  const reason = between && `${between.name} is between them, a ${between.kind} stage`;
  return {
    from: (before[last] as StagePlan).name,
    reason: reasons.get(index) ?? (reason as string),
  };
}
