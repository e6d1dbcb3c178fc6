import type { Column, Columns } from "./columns.js";
import { type ColumnKinds, type DeclaredColumns, kindOfColumn, originOf } from "./columns-infer.js";
import { type ColumnKind, isOfKind } from "./columns-kind.js";
import { openColumn } from "./columns-put.js";
import { valueAt } from "./columns-row.js";
import { NdArray } from "./ndarray.js";

/** What columns that are there already say of all that follow: see `inferKinds`. */
export function kindsOf({ keys, values }: Columns, declared: DeclaredColumns | undefined): ColumnKinds {
  const kindOf = (key: string): ColumnKind | undefined => {
    const column = values[keys.indexOf(key)];
    return column === undefined ? kindOfColumn([], declared?.[key]) : kindIn(column, declared?.[key]);
  };
  const wanted = declared === undefined ? keys : Object.keys(declared);
  return { keys: wanted, kinds: wanted.map(kindOf), origin: originOf(declared) };
}

/** Columns of these kinds, with the same values; undefined when there is one that does not fit. */
export function fitted(columns: Columns, { keys, kinds }: ColumnKinds): Columns | undefined {
  if (keys.length !== columns.keys.length) return undefined;
  const values: Column[] = [];
  for (const [place, key] of keys.entries()) {
    const column = columns.values[columns.keys.indexOf(key)];
    const fitting = column && fittedColumn(column, kinds[place], columns.rows);
    if (fitting === undefined) return undefined;
    values.push(fitting);
  }
  return { rows: columns.rows, keys, values };
}

function kindIn(column: Column, dtype: ColumnKind["dtype"] | undefined): ColumnKind | undefined {
  // What came as a list is one for Python, too: what its values would be as elements says nothing.
  if (!(column instanceof NdArray)) return kindOfColumn(column, dtype ?? "object");
  if (dtype === "str" || dtype === "object") return { dtype, inner: [] };
  return { dtype: dtype ?? column.dtype, inner: column.shape.slice(1) };
}

function fittedColumn(column: Column, kind: ColumnKind | undefined, rows: number): Column | undefined {
  if (kind === undefined) return undefined;
  if (isOfKind(column, kind)) return column;
  const { put, column: made } = openColumn(kind, rows);
  const value = valueAt(column);
  for (let index = 0; index < rows; index++) if (!put(index, value(index))) return undefined;
  return made;
}
