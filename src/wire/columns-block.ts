import { type Column, type Columns, lengthOf } from "./columns.js";
import { type RowAt, rowMaker } from "./columns-row.js";
import { FORBIDDEN_KEY } from "./protocol.js";

/** Columns as they have come in one answer, of which rows are made when somebody looks at them. */
export class ColumnBlock implements Columns {
  readonly rows: number;
  readonly keys: readonly string[];
  readonly values: readonly Column[];
  #rowAt: RowAt | undefined;

  /** @throws RangeError for what cannot be rows. */
  constructor(rows: number, keys: readonly string[], values: readonly Column[]) {
    if (keys.length !== values.length)
      throw new RangeError(`${keys.length} keys have ${values.length} columns`);
    if (values.some((column) => lengthOf(column) !== rows)) throw new RangeError("a column is too short");
    if (keys.includes(FORBIDDEN_KEY)) throw new RangeError(`a row has the key ${FORBIDDEN_KEY}`);
    this.rows = rows;
    this.keys = keys;
    this.values = values;
  }

  /** A new object with the values of a row, as they are when they travel alone: a number where it is exact, else a bigint. */
  rowAt(index: number): object {
    this.#rowAt ??= rowMaker(this);
    return this.#rowAt(index);
  }

  /** All of them. */
  get allRows(): object[] {
    return Array.from({ length: this.rows }, (_, index) => this.rowAt(index));
  }
}
