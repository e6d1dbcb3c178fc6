import { isDeepStrictEqual } from "node:util";
import type { Batching } from "../stage/batching.js";
import { type ErrorPolicy, Retry, routeOfPolicy } from "../stage/policy.js";
import type { PythonStage } from "../stage/python-stage.js";
import { type PipePlan, policyOf, type StagePlan } from "./plan.js";

/** Stages that one operator carries out: python stages that are fused, with the taps between them; any other stage alone. */
export interface StageGroup {
  /** The place of its first stage. */
  readonly first: number;
  /** How many stages it has, which follow each other. */
  readonly length: number;
}

/** How the stages of a plan are put together. */
export interface Fusion {
  readonly groups: readonly StageGroup[];
  /** By the index of a python stage that follows another one: why it is not fused with it. */
  readonly reasons: ReadonlyMap<number, string>;
}

/**
 * Which neighbouring python stages make one trip. Whether they do must not show in what comes out: what is between them, or is asked of one of them alone, keeps
 * them apart.
 */
export function fusionOf(plan: PipePlan): Fusion {
  const groups: StageGroup[] = [];
  const reasons = new Map<number, string>();
  for (const index of plan.stages.keys()) {
    const group = groups.at(-1);
    if (group !== undefined && group.first + group.length > index) continue;
    let end = index + 1;
    for (let next = nextPython(plan, index); next !== undefined; next = nextPython(plan, next)) {
      const reason = reasonNotToFuse(plan, index, next);
      if (reason !== undefined) {
        reasons.set(next, reason);
        break;
      }
      end = next + 1;
    }
    groups.push({ first: index, length: end - index });
  }
  return { groups, reasons };
}

/** Every stage by itself. */
export function unfused(plan: PipePlan): readonly StageGroup[] {
  return plan.stages.map((_, first) => ({ first, length: 1 }));
}

/** The python stage after another one, when no more than taps stand between them. */
function nextPython(plan: PipePlan, index: number): number | undefined {
  if (plan.stages[index]?.kind !== "python") return undefined;
  const next = plan.stages.findIndex(({ kind }, later) => later > index && kind !== "tap");
  return plan.stages[next]?.kind === "python" ? next : undefined;
}

function reasonNotToFuse(plan: PipePlan, from: number, to: number): string | undefined {
  const between = plan.stages.slice(from + 1, to);
  const first = plan.stages[from] as StagePlan & PythonStage;
  const second = plan.stages[to] as StagePlan & PythonStage;
  if ([...between, second].some(({ line, opens }) => line !== first.line || opens.length > 0))
    return `it is not on the same branch as ${first.name}`;
  return (
    reasonOfOptions(plan, lastPythonBefore(plan, to), second, first) ??
    reasonOfPolicies(plan, first, [...between.filter(({ kind }) => kind === "tap"), second])
  );
}

function lastPythonBefore(plan: PipePlan, index: number): PythonStage {
  return plan.stages.slice(0, index).findLast(({ kind }) => kind === "python") as PythonStage;
}

/** @param before the stage right before `second`; `first` is the first of the group, whose batching holds for all. */
function reasonOfOptions(
  plan: PipePlan,
  before: PythonStage,
  second: PythonStage,
  first: PythonStage,
): string | undefined {
  if (!second.fuse) return "it says `fuse: false`";
  if (second.cache !== undefined) return "it has a cache: hits must be known before the trip";
  if (Boolean(first.columns) !== Boolean(second.columns))
    return `one of ${first.name} and ${second.name} takes columns, the other rows`;
  if (typeof second.columns === "object") return "what its columns are is checked in Node (`columns`)";
  if (first.stateful || second.stateful)
    return `${(second.stateful ? second : first).name} is stateful, and its batches are sent once`;
  if (before.output !== undefined) return `what ${before.name} gives back is checked in Node (\`output\`)`;
  if (second.input !== undefined) return "what it is given is checked in Node (`input`)";
  if (second.given.includes("batch") && !isSameBatching(first.batching, second.batching))
    return reasonOfBatching(first, second);
  if (second.rateLimit !== undefined) return "it has a rate limit of its own";
  if ((second.ordering ?? plan.ordering) !== (first.ordering ?? plan.ordering))
    return `its ordering is not that of ${first.name}`;
  const other = (["inFlight", "buffer"] as const).find(
    (option) => second.given.includes(option) && !isDeepStrictEqual(first[option], second[option]),
  );
  return other && `its \`${other}\` is not that of ${first.name}`;
}

/** What a routed failure has as its payload, and how often a batch is sent, shows whether stages were fused. */
function reasonOfPolicies(
  plan: PipePlan,
  first: PythonStage,
  others: readonly { readonly name: string }[],
): string | undefined {
  for (const { name } of others) {
    const policy = policyOf(plan, name);
    if (typeof policy === "function") return `the policy of ${name} is a function, which sees its payloads`;
    if (routeOfPolicy(policy) !== undefined)
      return `what fails in ${name} goes to an output, with its payload`;
    const other = policyOf(plan, first.name);
    if (halts(policy) !== halts(other))
      return `one of ${first.name} and ${name} halts the run, the other does not`;
    if (halts(policy) && (policy === "halt") !== (other === "halt"))
      return `one of ${first.name} and ${name} halts the run at once, the other after retries`;
  }
  return undefined;
}

function halts(policy: ErrorPolicy): boolean {
  return policy === "halt" || (policy instanceof Retry && policy.final === "halt");
}

function reasonOfBatching(first: PythonStage, second: PythonStage): string {
  const [there, here] = [first, second].map(({ batching: { name, size } }) =>
    name === "fixed" ? `${name} ${size}` : name,
  );
  const fix = there === here ? "; one object for both would be the same" : "";
  return `it has batches of its own (${first.name}: ${there}, here: ${here}${fix})`;
}

/** Two of one's own, or with functions, are the same only when they are one object. */
function isSameBatching(first: Batching, second: Batching): boolean {
  return (
    first === second || (first.name === "fixed" && second.name === "fixed" && first.size === second.size)
  );
}
