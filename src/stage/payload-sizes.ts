import type { ColumnBlock } from "../wire/columns-block.js";
import { ColumnItem } from "./column-item.js";
import type { Item } from "./item.js";

/** What a value takes beside its content: a header and a place to refer to it from. */
export const OVERHEAD = 16;
export const NUMBER = 8;

/** So many values of a payload are looked at: what they tell is for bounds, and must not cost more than the work itself. */
const MOST_VISITS = 500;

/** Of a long array so many elements stand for all. */
const SAMPLE = 50;

/** What takes more than this counts once, in whatever records it is: a table that all of them refer to is there once. */
const LARGE = 16_384;

/**
 * About how many bytes of memory payloads take: for bounds, not for bills. Arrays of numbers, of which most vectors are, are not looked through. Of a payload that
 * has very many parts, or refers to itself, the first few hundred count.
 */
export class PayloadSizes {
  readonly #large = new WeakSet<object>();
  #hasLarge = false;
  #visitsLeft = 0;
  readonly #bytesOfRows = new WeakMap<ColumnBlock, number>();
  #block: ColumnBlock | undefined;
  #bytesOfRow = 0;

  /** Of a row of columns, its share of them: it is not made for that. */
  ofItem(item: Item): number {
    const block = ColumnItem.blockOf(item);
    if (block === undefined) return this.of(item.payload);
    if (block !== this.#block) {
      this.#block = block;
      this.#bytesOfRow = this.#bytesOfRows.get(block) ?? this.#shareOf(block);
    }
    return this.#bytesOfRow;
  }

  #shareOf(block: ColumnBlock): number {
    const bytes = block.values.reduce((sum, column) => sum + this.of(bytesOrList(column)), 0);
    const share = OVERHEAD + bytes / block.rows;
    this.#bytesOfRows.set(block, share);
    return share;
  }

  of(payload: unknown): number {
    this.#visitsLeft = MOST_VISITS;
    try {
      return this.#sizeOf(payload);
    } catch {
      // A getter that throws is told when the value is sent, by its path.
      return OVERHEAD;
    }
  }

  #sizeOf(value: unknown): number {
    if (typeof value === "string") return OVERHEAD + value.length;
    if (typeof value !== "object" || value === null) return NUMBER;
    if (this.#visitsLeft <= 0 || (this.#hasLarge && this.#large.has(value))) return OVERHEAD;
    this.#visitsLeft -= 1;
    const size = OVERHEAD + this.#contentOf(value);
    if (size > LARGE) {
      this.#large.add(value);
      this.#hasLarge = true;
    }
    return size;
  }

  #contentOf(value: object): number {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
    if (Array.isArray(value)) return this.#sizeOfElements(value, value.length);
    if (value instanceof Map) return 2 * this.#sizeOfElements(value.values(), value.size);
    if (value instanceof Set) return this.#sizeOfElements(value, value.size);
    let size = 0;
    for (const field in value) {
      if (this.#visitsLeft <= 0) break;
      const inside = (value as { [field: string]: unknown })[field];
      size += NUMBER + (typeof inside === "number" ? NUMBER : this.#sizeOf(inside));
    }
    return size;
  }

  #sizeOfElements(values: Iterable<unknown>, count: number): number {
    let looked = 0;
    let size = 0;
    for (const value of values) {
      if (looked === SAMPLE || this.#visitsLeft <= 0) break;
      // Numbers are alike.
      if (looked === 1 && typeof value === "number" && size === 2 * NUMBER) return count * NUMBER;
      size += NUMBER + this.#sizeOf(value);
      looked += 1;
    }
    return looked === 0 ? 0 : (size / looked) * count;
  }
}

function bytesOrList(column: ColumnBlock["values"][number]): unknown {
  return "dtype" in column ? column.data : column;
}
