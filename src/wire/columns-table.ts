import { ValueNotSupportedError } from "../errors/value.js";
import type { Column, Columns } from "./columns.js";
import { ColumnBlock } from "./columns-block.js";
import { packable } from "./encode.js";
import { encodeNdArray } from "./extensions.js";
import { NdArray } from "./ndarray.js";
import { segment } from "./refusal.js";

/** Columns as they travel: an array as one, a list as a list. */
export type ColumnTable = readonly [rows: number, keys: readonly string[], values: readonly Column[]];

/** Columns ready for the packer. @throws as {@link packable}: names the row and its key. */
export function packableColumns(
  { rows, keys, values }: Columns,
  session: string,
  root: string,
): readonly [rows: number, keys: unknown, values: readonly unknown[]] {
  const packed = values.map((column, place) =>
    column instanceof NdArray
      ? encodeNdArray(column.dtype, column.shape, column.data)
      : packableList(column, session, (index) => `${root}[${index}]${segment(keys[place])}`),
  );
  return [rows, packable(keys, session, root), packed];
}

/** The columns that a table stands for. @throws RangeError for what is none. */
export function columnsOfTable([rows, keys, values]: ColumnTable): ColumnBlock {
  return new ColumnBlock(rows, keys, values);
}

function packableList(
  values: readonly unknown[],
  session: string,
  pathOf: (index: number) => string,
): unknown {
  try {
    // Each value is a field of a row, which is a level of its own.
    return packable(values, session, pathOf(0), "argument", 0);
  } catch (error) {
    // Which one it was is looked for now: nearly all are fine.
    if (error instanceof ValueNotSupportedError)
      for (const [index, value] of values.entries()) packable(value, session, pathOf(index), "argument", 1);
    throw error;
  }
}
