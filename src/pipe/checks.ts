import { OptionsError } from "../errors/options.js";
import { unknownName } from "../options/parse.js";
import type { PipePlan, StagePlan } from "../plan/plan.js";
import { decides, END, sendsOf, sent, startsBranch } from "../plan/topology.js";
import { DEFAULT_ROUTE } from "../stage/item.js";

/** @throws OptionsError for a stage behind the routes, which only a merge may follow. */
export function checkOpen(where: string, plan: PipePlan, stage: string): void {
  const last = plan.stages.findLast(({ line }) => line === DEFAULT_ROUTE);
  if (last?.kind !== "route") return;
  throw new OptionsError(where, [
    `expected stage ${stage} to come before the routes, got it after ${last.name}, which ends the pipe; merge() brings the outputs together again, branch(name, …) works on one of them`,
  ]);
}

/** @throws OptionsError for a stage name that another stage has. */
export function checkNames(where: string, plan: PipePlan, added: readonly string[]): void {
  const taken = added.find((name) => plan.stages.some((stage) => stage.name === name));
  if (taken === undefined) return;
  throw new OptionsError(where, [
    `expected the stage name \`${taken}\` to be new in this pipe, got it twice`,
  ]);
}

/**
 * @param outputs undefined: all that there are.
 * @throws OptionsError for an output that records cannot come to, and for `default`.
 */
export function checkOutputs(where: string, plan: PipePlan, outputs: readonly string[] | undefined): void {
  if (outputs?.includes(DEFAULT_ROUTE)) {
    throw new OptionsError(where, [
      "expected an output beside `default`, whose records the stages that follow work on anyhow, got `default`",
    ]);
  }
  // Where functions send records is known to the compiler alone.
  if (plan.stages.some((_, index) => decides(plan, index))) return;
  if (outputs === undefined && plan.outputs.length === 0)
    throw new OptionsError(where, ["expected a pipe with outputs beside `default`, got one that has none"]);
  const unknown = outputs?.find((output) => !plan.outputs.includes(output));
  if (unknown !== undefined)
    throw new OptionsError(where, [unknownName("output", unknown, unknown, plan.outputs)]);
}

/** @throws OptionsError for a branch without stages, and one inside another of the same output. */
export function checkBranch(where: string, output: string, branch: PipePlan): void {
  if (branch.stages.length === 0) {
    throw new OptionsError(where, [
      `expected the branch of output \`${output}\` to have at least one stage, got none`,
    ]);
  }
  if (branch.stages.some((stage) => stage.line === output)) {
    throw new OptionsError(where, [
      `expected no branch of output \`${output}\` inside the branch of that name, got one; give the output inside another name`,
    ]);
  }
}

/**
 * @param whose policies: `own` those of stages by name; `all` also what `*` says, which a stage that was just declared may still get another for.
 * @throws OptionsError for a stage that is known to send records past a branch of their output that was declared before it.
 */
export function checkBranches(where: string, plan: PipePlan, whose: "own" | "all"): void {
  const seen = whose === "all" ? plan : { ...plan, policies: withoutStar(plan.policies) };
  for (const [index, stage] of plan.stages.entries()) {
    const passed = sendsOf(seen, index).find((output) => passesBranch(plan, index, output));
    if (passed === undefined) continue;
    throw new OptionsError(where, [
      `expected the branch of output \`${passed}\` to be declared after every stage that sends records there, got stage ${stage.name} behind it, whose records would pass it by; declare the branch after it`,
    ]);
  }
}

/** @throws OptionsError for a policy that would send records to stages that were declared, and typed, without them. */
export function checkPolicy(where: string, before: PipePlan, after: PipePlan): void {
  for (const [index, stage] of after.stages.entries()) {
    const known = sendsOf(before, index);
    const output = sendsOf(after, index).find(
      (each) => !known.includes(each) && sent(after, index, each) !== END,
    );
    if (output === undefined) continue;
    const taker = after.stages[sent(after, index, output)]?.name;
    throw new OptionsError(where, [
      `expected the policy of stage ${stage.name} before stage ${taker}, which takes the records of output \`${output}\`, got it behind; declare it before`,
    ]);
  }
  checkBranches(where, after, "own");
}

/** @throws OptionsError when the stages need another session, cannot share the work, or pass a branch by. */
export function checkRun(
  where: string,
  plan: PipePlan,
  { session, replicas }: { session?: unknown; replicas?: number | undefined },
): void {
  checkBranches(where, plan, "all");
  const python = plan.stages.find((stage) => stage.kind === "python");
  if (python !== undefined && session === undefined) {
    throw new OptionsError(where, [
      `expected \`session\` to be a session, which stage ${python.name} needs, got \`undefined\``,
    ]);
  }
  if (replicas !== undefined && python === undefined) {
    throw new OptionsError(where, [
      `expected no \`replicas\`, because no stage of the pipe runs Python, got \`${replicas}\``,
    ]);
  }
  const stateful = plan.stages.find((stage) => stage.kind === "python" && stage.stateful);
  if (replicas !== undefined && stateful !== undefined) {
    throw new OptionsError(where, [
      `expected no \`replicas\`, because stage ${stateful.name} is stateful: its batches must all go to one process, got \`${replicas}\``,
    ]);
  }
}

/** Whether what a stage sends to an output would have been worked on in a branch that was declared before it, and now is not. */
function passesBranch(plan: PipePlan, index: number, output: string): boolean {
  if (sent(plan, index, output) !== END) return false;
  const last = plan.stages.findLastIndex(
    (stage, before) => before < index && (isMergeOf(stage, output) || isBranchOf(plan, before, output)),
  );
  return last >= 0 && isBranchOf(plan, last, output) && endOfBranch(plan, last) <= index;
}

/** What it has taken up is on the main line again; what comes to the output after that has no part in the branch. */
function isMergeOf(stage: StagePlan, output: string): boolean {
  return (
    stage.kind === "merge" &&
    stage.line === DEFAULT_ROUTE &&
    (stage.outputs === undefined || stage.outputs.includes(output))
  );
}

/** Whether a branch of the output begins there that was declared in this pipe itself, and not in one of its branches. */
function isBranchOf(plan: PipePlan, index: number, output: string): boolean {
  return isOwnBranch(plan, index) && plan.stages[index]?.line === output;
}

function isOwnBranch(plan: PipePlan, index: number): boolean {
  const stage = plan.stages[index] as StagePlan;
  return startsBranch(stage) && stage.reach === index;
}

function endOfBranch(plan: PipePlan, start: number): number {
  const end = plan.stages.findIndex(
    (stage, index) => index > start && (stage.line === DEFAULT_ROUTE || isOwnBranch(plan, index)),
  );
  return end < 0 ? plan.stages.length : end;
}

function withoutStar(policies: PipePlan["policies"]): PipePlan["policies"] {
  return Object.fromEntries(Object.entries(policies).filter(([stage]) => stage !== "*"));
}
