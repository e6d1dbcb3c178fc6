import { ValueNotSupportedError } from "../errors/value.js";
import { type Column, type Columns, lengthOf } from "./columns.js";
import { isSameShape } from "./columns-kind.js";
import { type RowAt, rowMaker, type ValueAt, valueAt } from "./columns-row.js";
import { NdArray } from "./ndarray.js";
import { FORBIDDEN_KEY } from "./protocol.js";
import { segment } from "./refusal.js";

/** Columns as they have come in one answer, of which rows are made when somebody looks at them. */
export class ColumnBlock implements Columns {
  readonly rows: number;
  readonly keys: readonly string[];
  readonly values: readonly Column[];
  #rowAt: RowAt | undefined;
  #valuesAt: readonly ValueAt[] | undefined;
  /** The columns whose memory somebody may have given away: what `columnsOf()` gives is lent. */
  readonly #lent: readonly { readonly key: string; readonly data: NdArray["data"] }[];

  /** @throws RangeError for what cannot be rows. */
  constructor(rows: number, keys: readonly string[], values: readonly Column[]) {
    if (keys.length !== values.length)
      throw new RangeError(`${keys.length} keys have ${values.length} columns`);
    if (values.some((column) => lengthOf(column) !== rows)) throw new RangeError("a column is too short");
    if (keys.includes(FORBIDDEN_KEY)) throw new RangeError(`a row has the key ${FORBIDDEN_KEY}`);
    this.rows = rows;
    this.keys = keys;
    this.values = values;
    this.#lent = values.flatMap((column, place) =>
      column instanceof NdArray && column.data.length > 0
        ? [{ key: keys[place] as string, data: column.data }]
        : [],
    );
  }

  /**
   * A new object with the values of a row, as they are when they travel alone: a number where it is exact, else a bigint.
   *
   * @throws ValueNotSupportedError when the memory of a column was given away.
   */
  rowAt(index: number): object {
    this.checkMemory();
    this.#rowAt ??= rowMaker(this);
    return this.#rowAt(index);
  }

  /** Whether an object that was made of a row still has its values. What they refer to is the columns' own, but for arrays. */
  isUnchanged(row: object, index: number): boolean {
    if (this.#isGivenAway) return false;
    this.#valuesAt ??= this.values.map(valueAt);
    if (Object.keys(row).length !== this.keys.length) return false;
    for (let place = 0; place < this.keys.length; place++) {
      const value = (row as Readonly<Record<string, unknown>>)[this.keys[place] as string];
      if (!isSame(value, (this.#valuesAt[place] as ValueAt)(index))) return false;
    }
    return true;
  }

  /** @throws ValueNotSupportedError when the memory of a column was given away, to a worker thread for example. */
  checkMemory(): void {
    if (!this.#isGivenAway) return;
    const { key, data } = this.#lent.find(isGivenAway) as { key: string; data: NdArray["data"] };
    const path = `payload${segment(key)}`;
    const typeName = data.constructor.name;
    throw new ValueNotSupportedError({
      path,
      typeName,
      direction: "result",
      message: `expected ${path} to be in the memory of its column, got a ${typeName} whose buffer was given away (what columnsOf() gives is lent; give away a copy, made by .slice())`,
    });
  }

  get #isGivenAway(): boolean {
    for (let place = 0; place < this.#lent.length; place++)
      if (this.#lent[place]?.data.length === 0) return true;
    return false;
  }

  /** All of them. */
  get allRows(): object[] {
    return Array.from({ length: this.rows }, (_, index) => this.rowAt(index));
  }
}

function isGivenAway({ data }: { readonly data: NdArray["data"] }): boolean {
  return data.length === 0;
}

function isSame(one: unknown, other: unknown): boolean {
  if (!(one instanceof NdArray && other instanceof NdArray)) return Object.is(one, other);
  const isAlike = one.dtype === other.dtype && isSameShape(one.shape, other.shape);
  if (!isAlike) return false;
  for (let index = 0; index < one.data.length; index++)
    if (!Object.is(one.data[index], other.data[index])) return false;
  return true;
}
