import type { Failure, Item, ItemId } from "./item.js";

/**
 * An item that passes stages by, in its place: they do not work on it, and do not count it. It is on its way to a stage further on, as one of another
 * branch or one that is tried again from there; or to its output, past all the rest.
 */
export class PassingItem implements Item {
  readonly id: ItemId;
  readonly payload: unknown;
  readonly meta: Record<string, unknown>;
  readonly route: string;
  readonly input: unknown;
  declare readonly origin?: ItemId;
  declare readonly failure?: Failure;
  readonly #place: number;

  private constructor(item: Item, place: number) {
    this.id = item.id;
    this.payload = item.payload;
    this.meta = item.meta;
    this.route = item.route;
    this.input = item.input;
    if (item.origin !== undefined) this.origin = item.origin;
    if (item.failure !== undefined) this.failure = item.failure;
    this.#place = place;
  }

  /** One that the stage at the index `place` is the first to work on; Infinity: none is. */
  static to(item: Item, place: number): PassingItem {
    return new PassingItem(item, place);
  }

  /** Whether the stage at `index` has nothing to do with the item. */
  static passes(item: Item, index: number): boolean {
    return item instanceof PassingItem && item.#place > index;
  }

  /** The stage that the item is on its way to, as in `to`; undefined for one that does not pass any by. */
  static placeOf(item: Item): number | undefined {
    return item instanceof PassingItem ? item.#place : undefined;
  }
}
