import type { StageContext } from "./contract.js";
import type { Item, ItemId } from "./item.js";

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
