import type { Ordering } from "../../dispatch/order.js";
import { show } from "../../options/parse.js";
import { DEFAULT_ROUTE } from "../../stage/item.js";
import type { NodeStage } from "../../stage/node.js";
import type { Pacing } from "../../stage/pacing.js";
import { type FinalPolicy, RejectUpTo, Retry } from "../../stage/policy.js";
import type { PythonStage } from "../../stage/python-stage.js";
import { RouteTo } from "../../stage/results.js";
import type { Schemas } from "../../stage/schema.js";
import { type PipePlan, policyOf, type StagePlace, type StagePlan } from "../plan.js";

/** A place of the picture: where records come from, a stage, or an output. `id` is what edges name it by. */
export type GraphNode =
  | { readonly id: string; readonly kind: "input" | "output" | "merge"; readonly name: string }
  | GraphPlainStage
  | GraphNodeStage
  | GraphPythonStage;

/** A route stage, or a tap. */
export interface GraphPlainStage {
  readonly id: string;
  readonly kind: "route" | "tap";
  readonly name: string;
  /** What happens to records that fail: `halt`, `reject`, `reject up to 5`, `retry 3x then route to later`, `function`. */
  readonly policy: string;
}

/** What node and python stages have to show. */
interface WorkingStage {
  readonly id: string;
  readonly name: string;
  /** As that of a route stage. */
  readonly policy: string;
  /** Whether it checks what goes in and out. */
  readonly schemas: { readonly input: boolean; readonly output: boolean };
  /** How it is cached: the highest age of a value that is used as it is, and what happens beyond. Left out where it is not. */
  readonly cache?: { readonly maxAgeMs?: number; readonly overAge?: string };
  /** Left out where it is that of the pipe. */
  readonly ordering?: Ordering;
  /** `intervalMs` in milliseconds; `keyed`: the limit holds for each key by itself. Left out where there is none. */
  readonly rateLimit?: { readonly limit: number; readonly intervalMs: number; readonly keyed: boolean };
}

/** A node stage in the picture. */
export interface GraphNodeStage extends WorkingStage {
  readonly kind: "node";
  /** How many records it works on at once. */
  readonly concurrency: number;
}

/** A python stage in the picture. */
export interface GraphPythonStage extends WorkingStage {
  readonly kind: "python";
  readonly module: string;
  readonly function: string;
  /** Whether the function takes one record, and not a batch. */
  readonly each: boolean;
  /** The name and the settings of how records become batches. */
  readonly batching: {
    readonly name: string;
    readonly settings: Readonly<Record<string, string | number | boolean>>;
  };
  readonly stateful: boolean;
  readonly timeoutMs: number;
  /** The names of the views that the function may ask; left out where there are none. */
  readonly views?: readonly string[];
}

/** A stage as a place of the picture. */
export function nodeOf(plan: PipePlan, stage: StagePlan, id: string): GraphNode {
  const { name } = stage;
  if (stage.kind === "merge") return { id, kind: "merge", name };
  const policy = policyInWords(plan, stage);
  if (stage.kind === "route" || stage.kind === "tap") return { id, kind: stage.kind, name, policy };
  const common = { policy, schemas: schemasOf(stage), ...cacheOf(stage), ...pacingOf(plan, stage) };
  if (stage.kind === "node")
    return { id, kind: "node", name, concurrency: stage.concurrent?.concurrency ?? 1, ...common };
  return {
    id,
    kind: "python",
    name,
    module: stage.module,
    function: stage.function,
    each: stage.each,
    batching: { name: stage.batching.name, settings: plain(stage.batching.settings ?? {}) },
    stateful: stage.stateful,
    timeoutMs: stage.timeoutMs,
    ...viewsOf(stage),
    ...common,
  };
}

function viewsOf({ views = [] }: PythonStage): Pick<GraphPythonStage, "views"> {
  const names = new Set(views.map((view) => (typeof view === "string" ? view : view.name)));
  return names.size === 0 ? {} : { views: [...names] };
}

function policyInWords(plan: PipePlan, stage: StagePlan): string {
  const policy = policyOf(plan, stage.name);
  if (typeof policy === "function") return "function";
  if (policy instanceof Retry)
    return `retry ${policy.attempts}x then ${finalInWords(policy.final, stage.line)}`;
  return finalInWords(policy, stage.line);
}

function finalInWords(policy: FinalPolicy, line: string): string {
  // In a branch, `default` is the output that the branch is of.
  if (policy instanceof RouteTo) return `route to ${policy.route === DEFAULT_ROUTE ? line : policy.route}`;
  return policy instanceof RejectUpTo ? `reject up to ${policy.max}` : policy;
}

function cacheOf({ cache, line }: (NodeStage | PythonStage) & StagePlace): Pick<WorkingStage, "cache"> {
  if (cache === undefined) return {};
  const { maxAgeMs, overAge } = cache;
  if (maxAgeMs === undefined) return { cache: {} };
  return { cache: { maxAgeMs, overAge: overAge instanceof RouteTo ? finalInWords(overAge, line) : overAge } };
}

function schemasOf({ input, output }: Schemas): WorkingStage["schemas"] {
  return { input: input !== undefined, output: output !== undefined };
}

function pacingOf(
  plan: PipePlan,
  stage: NodeStage | PythonStage,
): Pick<WorkingStage, "ordering" | "rateLimit"> {
  const { ordering, rateLimit }: Partial<Pacing> = (stage.kind === "node" ? stage.concurrent : stage) ?? {};
  return {
    ...(ordering !== undefined && ordering !== plan.ordering && { ordering }),
    ...(rateLimit !== undefined && {
      rateLimit: {
        limit: rateLimit.limit,
        intervalMs: rateLimit.intervalMs,
        keyed: rateLimit.key !== undefined,
      },
    }),
  };
}

/** Batching of one's own may have settings of any kind; in the picture, what JSON would change is text. */
function plain(settings: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const shown = Object.entries(settings).map(([name, value]) => [name, isPlain(value) ? value : show(value)]);
  return Object.fromEntries(shown);
}

function isPlain(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}
