import type { Directions } from "../stage/contract.js";
import { DEFAULT_ROUTE } from "../stage/item.js";
import { routeOfPolicy } from "../stage/policy.js";
import { RouteTo } from "../stage/results.js";
import { type PipePlan, policyOf, type StagePlan, type StageWork } from "./plan.js";

/** The place past every stage, where the outputs are. */
export const END = Number.POSITIVE_INFINITY;

/** The input, among the indices of stages. */
export const INPUT = -1;

/** Where records of the input go that are not told otherwise. */
export function firstPlace(plan: PipePlan): number {
  return plan.stages.length === 0 ? END : 0;
}

/** Whether a stage is the first of a branch. */
export function startsBranch(stage: StagePlan): boolean {
  return stage.kind !== "merge" && stage.opens.length > 0;
}

/** The place of a record that has finished a stage on its line: the next stage of its branch, else where what is at the end of its line goes. */
export function onward(plan: PipePlan, index: number): number {
  const { line } = stageAt(plan, index);
  const next = plan.stages.findIndex((stage, later) => later > index && stage.line === line);
  const goesOn = next >= 0 && !startsBranch(stageAt(plan, next));
  return goesOn ? next : sent(plan, index, line);
}

/**
 * The place of a record that a stage sends to an output: the first later stage that takes it up for this one, else the output itself. Sent to `default`, it
 * goes to the end of its line.
 */
export function sent(plan: PipePlan, index: number, output: string): number {
  const isKnown = sendsOf(plan, index).includes(output);
  const { line } = stageAt(plan, index);
  const taker = plan.stages.findIndex((stage, later) => {
    if (later <= index || later - stage.reach > index) return false;
    if (output !== DEFAULT_ROUTE) return takes(stage, output, isKnown);
    return (stage.kind === "merge" && stage.line === line) || takes(stage, line, isKnown);
  });
  return taker < 0 ? END : taker;
}

/** A merge takes up the end of its own line, too, but not what is sent there by its name, which is as that of any other output. */
function takes(stage: StagePlan, output: string, isKnown: boolean): boolean {
  if (stage.kind === "merge" && stage.outputs !== undefined) return stage.outputs.includes(output);
  // What is known beforehand is in the list; the rest is what a function decides, which a merge of all takes up as well.
  return stage.opens.includes(output) || (stage.kind === "merge" && !isKnown);
}

/** The outputs to which a stage may send records, as far as that is known beforehand: by its routes, by its cache, and by its policy. */
export function sendsOf(plan: PipePlan, index: number): string[] {
  const stage = stageAt(plan, index);
  // It does nothing that can fail.
  if (stage.kind === "merge") return [];
  const routes = stage.kind === "route" ? stage.routes.map(([name]) => name) : [];
  const failed = routeOfPolicy(policyOf(plan, stage.name));
  // What a route sends to `default` goes on along the line.
  const sends = routes.filter((name) => name !== DEFAULT_ROUTE);
  const named = [...sends, routeOfCache(stage), failed].filter((name) => name !== undefined);
  return [...new Set(named)];
}

/** The output to which a stage sends records whose value in its cache is over age. */
export function routeOfCache(stage: StageWork): string | undefined {
  const over = stage.kind === "node" || stage.kind === "python" ? stage.cache?.overAge : undefined;
  return over instanceof RouteTo ? over.route : undefined;
}

/** Whether a function of the stage decides where records go, which then is known to the compiler alone. */
export function decides(plan: PipePlan, index: number): boolean {
  const stage = stageAt(plan, index);
  return (
    stage.kind === "node" || (stage.kind !== "merge" && typeof policyOf(plan, stage.name) === "function")
  );
}

/** What a stage is told in a run. */
export function directionsOf(plan: PipePlan, index: number): Directions {
  const places = new Map<string, number>();
  return {
    line: stageAt(plan, index).line,
    next: index + 1 < plan.stages.length ? index + 1 : END,
    onward: onward(plan, index),
    to: (output) => {
      const known = places.get(output);
      if (known !== undefined) return known;
      const place = sent(plan, index, output);
      places.set(output, place);
      return place;
    },
  };
}

function stageAt(plan: PipePlan, index: number): StagePlan {
  return plan.stages[index] as StagePlan;
}
