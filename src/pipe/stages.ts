import { OptionsError } from "../errors/options.js";
import { parseOptions, unknownName } from "../options/parse.js";
import { type PipePlan, type StageWork, withOutputs, withPolicy } from "../plan/plan.js";
import { routeOfCache } from "../plan/topology.js";
import { DEFAULT_ROUTE } from "../stage/item.js";
import type { NodeStage } from "../stage/node.js";
import { type ErrorPolicy, Retry } from "../stage/policy.js";
import type { RouteStage } from "../stage/route.js";
import type { TapStage } from "../stage/tap.js";
import { checkBranches, checkNames, checkOpen, checkOutputs, checkPolicy } from "./checks.js";
import {
  concurrencyOf,
  mergeArguments,
  nodeStageArguments,
  nodeStageOptions,
  onErrorArguments,
  pythonStageArguments,
  pythonStageOptions,
  routeStageArguments,
  tapOptions,
} from "./option-schemas.js";

/** The plan with a node stage at its end. @throws OptionsError, as the others here. */
export function withNode(plan: PipePlan, name: string, run: unknown, options: object): PipePlan {
  parseOptions(`pipe ${plan.name}: node()`, nodeStageArguments, { name, run });
  const where = `pipe ${plan.name}: node(${JSON.stringify(name)})`;
  const { input, output, cache, ...pacing } = parseOptions(where, nodeStageOptions, options);
  const concurrent = concurrencyOf(pacing);
  const stage = {
    kind: "node",
    name,
    run: run as NodeStage["run"],
    input,
    output,
    concurrent,
    cache,
  } as const;
  return withStage(plan, stage, { outputs: outputsOfCache(plan, stage) });
}

/** The plan with a tap at its end. */
export function withTap(plan: PipePlan, name: string, run: unknown, options: object): PipePlan {
  parseOptions(`pipe ${plan.name}: tap()`, nodeStageArguments, { name, run });
  const where = `pipe ${plan.name}: tap(${JSON.stringify(name)})`;
  const { when } = parseOptions(where, tapOptions, options);
  return withStage(plan, { kind: "tap", name, run: run as TapStage["run"], when });
}

/** The plan with a python stage at its end. */
export function withPython(plan: PipePlan, name: string, options: object): PipePlan {
  parseOptions(`pipe ${plan.name}: python()`, pythonStageArguments, { name });
  const where = `pipe ${plan.name}: python(${JSON.stringify(name)})`;
  const { batch: batching, timeout: timeoutMs, ...rest } = parseOptions(where, pythonStageOptions, options);
  if (rest.rateLimit?.key !== undefined && (rest.stateful || batching.keepsOrder)) {
    const reason = rest.stateful ? "`stateful`" : `${batching.name}() batching`;
    throw new OptionsError(where, [
      `expected no \`rateLimit.key\` beside ${reason}, which needs records in their order: those of other keys would overtake; leave the key out, or limit in a stage before`,
    ]);
  }
  const beside = (["each", "input", "output"] as const).find((option) => rest[option]);
  if (rest.columns && beside !== undefined) {
    throw new OptionsError(where, [
      `expected no \`${beside}\` beside \`columns\`, whose function takes all records of a batch at once and whose rows are not made in Node; leave one of them out`,
    ]);
  }
  const uncacheable = (["columns", "stateful"] as const).find((option) => rest.cache && rest[option]);
  if (uncacheable !== undefined) {
    const reason =
      uncacheable === "columns" ? "whose results are no rows" : "whose results depend on the batches before";
    throw new OptionsError(where, [
      `expected no \`cache\` beside \`${uncacheable}\`, ${reason}; leave one of them out`,
    ]);
  }
  const given = Object.keys(options).filter(
    (option) => options[option as keyof typeof options] !== undefined,
  );
  const stage = { kind: "python", name, batching, timeoutMs, given, ...rest } as const;
  return withStage(plan, stage, { outputs: outputsOfCache(plan, stage) });
}

function outputsOfCache(plan: PipePlan, stage: StageWork): string[] {
  const route = routeOfCache(stage);
  return withOutputs(plan, route === undefined ? [] : [route]);
}

/** The plan with a route stage at its end. */
export function withRoutes(
  plan: PipePlan,
  name: string,
  routes: readonly (readonly [name: string, predicate: (payload: never) => boolean])[],
): PipePlan {
  parseOptions(`pipe ${plan.name}: route()`, routeStageArguments, { name, routes });
  const copied = routes.map(([route, predicate]) => [route, predicate] as const);
  const outputs = withOutputs(
    plan,
    routes.map(([route]) => route),
  );
  return withStage(
    plan,
    { kind: "route", name, routes: copied as unknown as RouteStage["routes"] },
    { outputs },
  );
}

/** The plan with a merge stage at its end. */
export function withMerge(plan: PipePlan, name: string, outputs: readonly string[] | undefined): PipePlan {
  const where = `pipe ${plan.name}: merge()`;
  parseOptions(where, mergeArguments, { name, outputs });
  checkOutputs(where, plan, outputs);
  const opened = outputs ?? plan.outputs;
  return withStage(
    plan,
    { kind: "merge", name, outputs: outputs && [...outputs] },
    { outputs: plan.outputs.filter((output) => !opened.includes(output)), opens: [DEFAULT_ROUTE, ...opened] },
  );
}

/** The plan with a policy for one of its stages, or for all. */
export function withOnError(plan: PipePlan, stage: string, policy: ErrorPolicy): PipePlan {
  const where = `pipe ${plan.name}: onError()`;
  parseOptions(where, onErrorArguments, { stage, policy });
  const names = plan.stages.map((each) => each.name);
  if (stage !== "*" && !names.includes(stage))
    throw new OptionsError(where, [unknownName("stage", stage, stage, [...names, "*"])]);
  const named = plan.stages.find((each) => each.name === stage);
  if (policy instanceof Retry && named?.kind === "python" && named.stateful) {
    throw new OptionsError(where, [
      `expected no retry() for stage ${stage}, which is stateful: its batches are sent once; name what \`then\` says`,
    ]);
  }
  const changed = withPolicy(plan, stage, policy);
  checkPolicy(where, plan, changed);
  return changed;
}

function withStage(
  plan: PipePlan,
  stage: StageWork,
  { outputs = plan.outputs, opens = [] }: { outputs?: readonly string[]; opens?: readonly string[] } = {},
): PipePlan {
  const where = `pipe ${plan.name}: ${stage.kind}()`;
  checkNames(where, plan, [stage.name]);
  if (stage.kind !== "merge") checkOpen(where, plan, stage.name);
  const placed = { ...stage, line: DEFAULT_ROUTE, opens, reach: plan.stages.length };
  const changed = { ...plan, outputs, stages: [...plan.stages, placed] };
  checkBranches(where, changed, "own");
  return changed;
}
