import type { NdArray } from "./ndarray.js";

/** The values of one key in all rows: an array whose first axis is the rows, or a list. */
export type Column = NdArray | readonly unknown[];

/** Rows, by their keys. */
export interface Columns {
  readonly rows: number;
  readonly keys: readonly string[];
  /** In the order of the keys. */
  readonly values: readonly Column[];
}

/** How many rows a column has. */
export function lengthOf(column: Column): number | undefined {
  return "dtype" in column ? column.shape[0] : column.length;
}
