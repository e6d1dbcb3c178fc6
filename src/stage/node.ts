import { RecordRejectedError } from "../errors/rejected.js";
import { CacheDesk } from "./cache-desk.js";
import { CachedItems } from "./cache-items.js";
import type { Cached } from "./cached.js";
import { type Concurrency, concurrentOperator } from "./concurrent-operator.js";
import type { Operator, StageContext } from "./contract.js";
import { childOf, type Item, withPayload } from "./item.js";
import { type ItemWork, isThenable, itemOperator } from "./item-operator.js";
import { type NodeContext, nodeContext } from "./node-context.js";
import { Filter, Many, NodeResult, Reject, RouteTo } from "./results.js";
import { checked, type Schemas } from "./schema.js";
import type { Settlement } from "./settlement.js";

export type { NodeContext };

/** The plan of a node stage: a TypeScript function from payload to payload; it may be asynchronous. */
export interface NodeStage extends Schemas {
  readonly kind: "node";
  readonly name: string;
  readonly run: (payload: unknown, context: NodeContext) => unknown;
  /** Undefined: one record after the other, which is cheapest. */
  readonly concurrent?: Concurrency | undefined;
  /** Where its results are kept. */
  readonly cache?: Cached | undefined;
}

/** Records through a TypeScript function: one after the other, or several at once. */
export function nodeOperator(stage: NodeStage, context: StageContext): Operator {
  const work = stage.cache ? cachedWork(stage, stage.cache, context) : nodeWork(stage, context);
  return stage.concurrent === undefined
    ? itemOperator(work, context)
    : concurrentOperator(work, stage.concurrent, context);
}

function nodeWork(stage: NodeStage, context: StageContext): ItemWork<unknown> {
  return {
    apply:
      stage.input === undefined && stage.output === undefined
        ? (item) => stage.run(item.payload, nodeContext(item, context))
        : (item) => runChecked(stage, item, context),
    settle: (item, result, settlement, attempts) => {
      if (result instanceof NodeResult) settle(item, result, { settlement, attempts, books: context.books });
      else settlement.done(withPayload(item, result));
    },
  };
}

/** The same with what is there already; what was rejected is remembered where that is wanted. */
function cachedWork(stage: NodeStage, cache: Cached, context: StageContext): ItemWork<unknown> {
  const work = nodeWork(stage, context);
  const desk = new CacheDesk(cache, context);
  const items = new CachedItems(desk, context.stopped);
  const withInput = (item: Item, payload: unknown): unknown => {
    const given = payload === item.payload ? item : withPayload(item, payload);
    return items.apply(given, () => runOnce(stage, given, context));
  };
  return {
    isMetered: true,
    apply: (item) => {
      const payload = checked(stage.input, item.payload, stage.name, "input");
      return isThenable(payload) ? payload.then((made) => withInput(item, made)) : withInput(item, payload);
    },
    settle: (item, result, settlement, attempts) => {
      work.settle(item, result, settlement, attempts);
      desk.settled(item);
    },
    failed: (item, error, { kind }) => {
      if (kind === "reject") desk.failed(item, error);
      desk.settled(item);
    },
  };
}

/** The function between two schemas. Of several records that it makes of one, each is checked. */
async function runChecked(stage: NodeStage, item: Item, context: StageContext): Promise<unknown> {
  const payload = await checked(stage.input, item.payload, stage.name, "input");
  return runOnce(stage, withPayload(item, payload), context);
}

/** The function before the schema of what it gives back. */
async function runOnce(stage: NodeStage, item: Item, context: StageContext): Promise<unknown> {
  const result = await stage.run(item.payload, nodeContext(item, context));
  const checkedOutput = async (value: unknown): Promise<unknown> =>
    checked(stage.output, value, stage.name, "output");
  if (result instanceof Many) return new Many(await Promise.all(result.payloads.map(checkedOutput)));
  return result instanceof NodeResult ? result : checkedOutput(result);
}

interface Desk {
  readonly settlement: Settlement;
  readonly attempts: number;
  readonly books: StageContext["books"];
}

function settle(item: Item, result: NodeResult, { settlement, attempts, books }: Desk): void {
  if (result instanceof Reject) settlement.rejects(item, new RecordRejectedError(result.reason), attempts);
  else if (result instanceof Filter) books.filtered(item, result.reason);
  else if (result instanceof RouteTo) settlement.leaves(item, result.route);
  else if (result instanceof Many) {
    const children = result.payloads.map((payload, index) => childOf(item, index, payload));
    if (children.length === 0) books.filtered(item, NOTHING_MADE);
    else books.expanded(item, children);
    for (const child of children) settlement.done(child);
  }
}

/** The reason under which the ledger has records of which `many([])` made none. */
const NOTHING_MADE = "many([])";
