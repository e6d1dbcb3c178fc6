import type { Operator, StageContext } from "./contract.js";
import { type Item, type ItemId, withPayload } from "./item.js";
import { itemOperator } from "./item-operator.js";

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
export interface NodeStage {
  readonly kind: "node";
  readonly name: string;
  readonly run: (payload: unknown, context: NodeContext) => unknown;
}

/** Records one after the other through a TypeScript function. */
export function nodeOperator(stage: NodeStage, context: StageContext): Operator {
  return itemOperator(
    { apply: (item) => stage.run(item.payload, nodeContext(item, context)), next: withPayload },
    context,
  );
}

function nodeContext(item: Item, context: StageContext): NodeContext {
  return {
    id: item.id,
    meta: item.meta,
    metadata: context.metadata,
    stores: context.stores,
    session: context.session?.id,
    signal: context.stopped,
  };
}
