import type { Failure, Item, ItemId } from "./item.js";

/**
 * An item that some stages do not work on: it passes them by, in its place, and they do not count it. One that has left for its output passes
 * all the rest; one that is tried again from a later stage passes those before it.
 */
export class PassingItem implements Item {
  readonly id: ItemId;
  readonly payload: unknown;
  readonly meta: Record<string, unknown>;
  readonly route: string;
  readonly input: unknown;
  declare readonly origin?: ItemId;
  declare readonly failure?: Failure;
  readonly #entry: number;

  private constructor(item: Item, entry: number, failure?: Failure) {
    this.id = item.id;
    this.payload = item.payload;
    this.meta = item.meta;
    this.route = item.route;
    this.input = item.input;
    if (item.origin !== undefined) this.origin = item.origin;
    if (failure !== undefined) this.failure = failure;
    this.#entry = entry;
  }

  /** One that goes straight to an output. */
  static leaving(item: Item, route: string, failure?: Failure): PassingItem {
    return new PassingItem({ ...item, route }, Number.POSITIVE_INFINITY, failure);
  }

  /** One that the stage at `index` is the first to work on. */
  static entering(item: Item, index: number): PassingItem {
    return new PassingItem(item, index);
  }

  /** Whether the stage at `index` has nothing to do with the item. */
  static passes(item: Item, index: number): boolean {
    return item instanceof PassingItem && item.#entry > index;
  }

  /** Whether the item has passed others by to come to the stage at `index`. */
  static enters(item: Item, index: number): boolean {
    return item instanceof PassingItem && item.#entry === index;
  }

  /** Whether the item is on its way to its output, and not to a stage. */
  static leaves(item: Item): boolean {
    return item instanceof PassingItem && item.#entry === Number.POSITIVE_INFINITY;
  }
}
