import { inspect } from "node:util";
import type { ColumnBlock } from "../wire/columns-block.js";
import type { Stretch } from "../wire/columns-join.js";
import type { Failure, Item, ItemId } from "./item.js";

/** What of an item may be another than that of the item which it is made from. */
export interface Changing {
  readonly payload?: unknown;
  readonly route: string;
  readonly failure?: Failure | undefined;
}

/** Which row of which columns a payload is. */
export interface RowPlace {
  readonly block: ColumnBlock;
  readonly index: number;
  /** The object, when it was made. */
  readonly made: object | undefined;
}

/** Every object has it. */
interface DefinesGetters {
  __defineGetter__(key: string, get: () => unknown): void;
}

/** An item whose payload may be a row of columns: then the object is made when somebody looks at it, and not before. */
export class ColumnItem implements Item {
  // Declared alone: fields come to be in the order in which they are filled.
  declare readonly id: ItemId;
  declare readonly payload: unknown;
  declare readonly meta: Record<string, unknown>;
  declare readonly route: string;
  declare readonly input: unknown;
  declare readonly origin?: ItemId;
  declare readonly failure?: Failure;
  readonly #block: ColumnBlock | undefined;
  readonly #index: number;
  #made: object | undefined;

  /**
   * @param block what the payload is a row of; undefined: it is that of `changing`.
   * @param made the object of that row, where there is one already.
   */
  constructor(
    { id, meta, input, origin }: Omit<Item, "payload">,
    changing: Changing,
    block?: ColumnBlock | undefined,
    index = 0,
    made?: object | undefined,
  ) {
    this.id = id;
    // A field of its own, like that of any other item: whoever copies the item must not miss it. `Object.defineProperty` would cost twice as much, which is more than
    // all the rest.
    if (block === undefined) this.payload = changing.payload;
    else (this as unknown as DefinesGetters).__defineGetter__("payload", payloadOf);
    this.meta = meta;
    this.route = changing.route;
    this.input = input;
    if (origin !== undefined) this.origin = origin;
    if (changing.failure !== undefined) this.failure = changing.failure;
    this.#block = block;
    this.#index = index;
    this.#made = made;
  }

  /** The row that the payload of an item is; undefined for one that is no row of columns. */
  static rowOf(item: Item): RowPlace | undefined {
    if (!(#block in item) || item.#block === undefined) return undefined;
    return { block: item.#block, index: item.#index, made: item.#made };
  }

  /** The columns that the payload of an item is a row of, if it is. */
  static blockOf(item: Item): ColumnBlock | undefined {
    return #block in item ? item.#block : undefined;
  }

  /** The rows that the payloads of items are, neighbours together; undefined when one is something else, or was made an object that has been changed. */
  static stretchesOf(items: readonly Item[]): Stretch[] | undefined {
    const stretches: Stretch[] = [];
    let last: { block: ColumnBlock; start: number; end: number } | undefined;
    for (const item of items) {
      if (!(#block in item) || item.#block === undefined) return undefined;
      if (item.#made !== undefined && !item.#block.isUnchanged(item.#made, item.#index)) return undefined;
      if (last?.block === item.#block && last.end === item.#index) last.end += 1;
      else {
        last = { block: item.#block, start: item.#index, end: item.#index + 1 };
        stretches.push(last);
      }
    }
    return stretches;
  }

  /** As any other item is printed: with its payload. */
  [inspect.custom](): Item {
    return { ...this };
  }

  /** The object of the row: the same one each time. */
  static payloadOf(item: ColumnItem): unknown {
    item.#made ??= item.#block?.rowAt(item.#index);
    return item.#made;
  }
}

/** One function for all items, or each would be of a shape of its own. */
function payloadOf(this: ColumnItem): unknown {
  return ColumnItem.payloadOf(this);
}
