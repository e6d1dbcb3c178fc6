import { RecordRejectedError } from "../errors/rejected.js";
import { type Concurrency, concurrentOperator } from "./concurrent-operator.js";
import type { Operator, StageContext } from "./contract.js";
import { childOf, type Item, type ItemId, withPayload } from "./item.js";
import { type ItemWork, itemOperator } from "./item-operator.js";
import { Filter, Many, NodeResult, Reject, RouteTo } from "./results.js";
import { checked, type Schemas } from "./schema.js";
import type { Settlement } from "./settlement.js";

/** What a node stage's function gets beside the payload. */
export interface NodeContext<Stores = Record<string, unknown>, Metadata = Record<string, unknown>> {
  /** The record's id. */
  readonly id: ItemId;
  /** Notes that stay with the record through the pipe; may be written to. */
  readonly meta: Record<string, unknown>;
  /** What the run was given as `metadata`. */
  readonly metadata: Metadata;
  /** The stores that the pipe uses. */
  readonly stores: Stores;
  /** The id of the run's session. */
  readonly session: string | undefined;
  /** Aborted when the run ends early. */
  readonly signal: AbortSignal;
}

/** The plan of a node stage: a TypeScript function from payload to payload; it may be asynchronous. */
export interface NodeStage extends Schemas {
  readonly kind: "node";
  readonly name: string;
  readonly run: (payload: unknown, context: NodeContext) => unknown;
  /** Undefined: one record after the other, which is cheapest. */
  readonly concurrent?: Concurrency | undefined;
}

/** Records through a TypeScript function: one after the other, or several at once. */
export function nodeOperator(stage: NodeStage, context: StageContext): Operator {
  const work = nodeWork(stage, context);
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

/** The function between two schemas. Of several records that it makes of one, each is checked. */
async function runChecked(stage: NodeStage, item: Item, context: StageContext): Promise<unknown> {
  const payload = await checked(stage.input, item.payload, stage.name, "input");
  const result = await stage.run(payload, nodeContext(item, context));
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

/** What a function of the pipe's gets beside a payload. */
export function nodeContext(item: Item, context: StageContext): NodeContext {
  return {
    id: item.id,
    meta: item.meta,
    metadata: context.metadata,
    stores: context.stores,
    session: context.session?.id,
    signal: context.stopped,
  };
}
