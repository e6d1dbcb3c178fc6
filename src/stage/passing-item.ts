import { ColumnItem } from "./column-item.js";
import type { Item } from "./item.js";

/**
 * An item that passes stages by, in its place: they do not work on it, and do not count it. It is on its way to a stage further on, as one of another
 * branch or one that is tried again from there; or to its output, past all the rest.
 */
export class PassingItem extends ColumnItem {
  readonly #place: number;

  private constructor(item: Item, place: number) {
    const row = ColumnItem.rowOf(item);
    const { route, failure } = item;
    const changing = { payload: row === undefined ? item.payload : undefined, route, failure };
    super(item, changing, row?.block, row?.index, row?.made);
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
