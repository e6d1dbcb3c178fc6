import { DEFAULT_ROUTE } from "../../stage/item.js";
import { routeOfPolicy } from "../../stage/policy.js";
import { type PipePlan, policyOf, type StagePlan } from "../plan.js";
import { decides, END, firstPlace, INPUT, onward, sendsOf, sent } from "../topology.js";
import { type GraphNode, nodeOf } from "./node.js";

/** The picture of a pipe: plain data, which JSON does not change. */
export interface PipeGraph {
  readonly name: string;
  /** The input, the stages in the order in which they were declared, and the outputs to which records are known to come. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** A way that records may take. */
export interface GraphEdge {
  /** The `id` of a node, as `to`. */
  readonly from: string;
  readonly to: string;
  /** The output on which they go: `default` on the main line. */
  readonly output: string;
  /**
   * `flow`: the usual way. `route`: what a route stage sends there. `failure`: what failed, by a policy. `decision`: what a function may send there, where nothing else
   * is known to lead.
   */
  readonly kind: "flow" | "route" | "failure" | "decision";
}

/** An edge between places of the plan: INPUT, the index of a stage, or END. */
interface Step {
  readonly from: number;
  readonly to: number;
  readonly output: string;
  readonly kind: GraphEdge["kind"];
}

/** The picture of what a plan says; `topology.ts` says what goes from where to where. */
export function graphOf(plan: PipePlan): PipeGraph {
  const entry: Step = { from: INPUT, to: firstPlace(plan), output: DEFAULT_ROUTE, kind: "flow" };
  const known = [entry, ...plan.stages.flatMap((_, index) => stepsFrom(plan, index))];
  const steps = [...known, ...plan.stages.flatMap((_, index) => decisionsFor(plan, index, known))];
  const ends = new Set(steps.filter(({ to }) => to === END).map(({ output }) => output));
  // As a run has them: `default` last.
  const outputs = [...ends].filter((output) => output !== DEFAULT_ROUTE);
  if (ends.has(DEFAULT_ROUTE)) outputs.push(DEFAULT_ROUTE);
  return {
    name: plan.name,
    nodes: [
      { id: idOf(plan, INPUT, ""), kind: "input", name: "input" },
      ...plan.stages.map((stage, index) => nodeOf(plan, stage, idOf(plan, index, ""))),
      ...outputs.map((name): GraphNode => ({ id: idOf(plan, END, name), kind: "output", name })),
    ],
    edges: steps.map(({ from, to, output, kind }) => ({
      from: idOf(plan, from, output),
      to: idOf(plan, to, output),
      output,
      kind,
    })),
  };
}

function idOf(plan: PipePlan, place: number, output: string): string {
  if (place === INPUT) return "input";
  return place === END ? `output:${output}` : `stage:${stageAt(plan, place).name}`;
}

/** The ways from a stage that are known before a run. */
function stepsFrom(plan: PipePlan, index: number): Step[] {
  const { line, name, kind } = stageAt(plan, index);
  const steps: Step[] = [{ from: index, to: onward(plan, index), output: line, kind: "flow" }];
  const routes = sendsOf({ ...plan, policies: {} }, index);
  for (const route of routes) {
    const output = route === DEFAULT_ROUTE ? line : route;
    steps.push({ from: index, to: sent(plan, index, route), output, kind: "route" });
  }
  const failed = kind === "merge" ? undefined : routeOfPolicy(policyOf(plan, name));
  if (failed !== undefined) {
    const output = failed === DEFAULT_ROUTE ? line : failed;
    steps.push({ from: index, to: sent(plan, index, output), output, kind: "failure" });
  }
  return steps;
}

/** What leads to a stage that takes the records of an output to which nothing is known to send: functions of the stages before it decide on that. */
function decisionsFor(plan: PipePlan, index: number, known: readonly Step[]): Step[] {
  const isKnown = (output: string): boolean =>
    known.some((step) => step.to === index && step.output === output);
  return stageAt(plan, index)
    .opens.filter((output) => !isKnown(output))
    .flatMap((output) =>
      plan.stages
        .map((_, from): Step => ({ from, to: index, output, kind: "decision" }))
        .filter(({ from }) => from < index && decides(plan, from) && sent(plan, from, output) === index),
    );
}

function stageAt(plan: PipePlan, index: number): StagePlan {
  return plan.stages[index] as StagePlan;
}
