import type { Columns } from "../wire/columns.js";
import type { BatchRequest, Entry, Step, Tap } from "../wire/request.js";
import type { Item } from "./item.js";

/** What a batch asks for besides its payloads. */
interface Asked {
  readonly steps: readonly Step[];
  readonly taps: readonly Tap[];
  readonly entries: readonly Entry[] | undefined;
  readonly traceparent: string | undefined;
  /** Makes columns of the items, where that is what the first step takes. */
  readonly columns: ((items: readonly Item[]) => Columns) | undefined;
}

/**
 * The request of a batch of items. Of columns no rows are made, unless somebody wants to see them.
 *
 * A class, because V8 keeps a getter of an object literal in a hidden class of its own, which lives until the next major collection, and with it everything that
 * the getter can see: each batch, long after it is done.
 */
export class BatchOfItems implements BatchRequest {
  readonly kind = "batch";
  readonly steps: readonly Step[];
  readonly taps: readonly Tap[];
  declare readonly entries?: readonly Entry[];
  readonly traceparent: string | undefined;
  readonly columns: (() => Columns) | undefined;
  readonly #items: readonly Item[];

  constructor(items: readonly Item[], { steps, taps, entries, traceparent, columns }: Asked) {
    this.steps = steps;
    this.taps = taps;
    if (entries !== undefined) this.entries = entries;
    this.traceparent = traceparent;
    this.columns = columns && (() => columns(items));
    this.#items = items;
  }

  get payloads(): readonly unknown[] {
    return this.#items.map(({ payload }) => payload);
  }
}
