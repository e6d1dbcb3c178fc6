import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { Columns } from "../wire/columns.js";
import { joined } from "../wire/columns-join.js";
import { NdArray, type TypedArrays } from "../wire/ndarray.js";
import { isRecord } from "../wire/record.js";
import { ColumnItem } from "./column-item.js";
import type { Item } from "./item.js";

/** The elements of an array of numbers. 64-bit integers are bigints. */
type Numbers = Exclude<TypedArrays[keyof TypedArrays], Uint8Array> | Uint8Array;

/** What the values of one key are as a column. */
export type ColumnOf<Value> = [Value] extends [number | bigint]
  ? Numbers | readonly Value[]
  : [Value] extends [boolean]
    ? Uint8Array | readonly Value[]
    : [Value] extends [NdArray]
      ? NdArray | readonly Value[]
      : readonly Value[];

/** The columns of payloads: see {@link columnsOf}. */
export type ColumnsOf<Payload> = { readonly [Key in keyof Payload]: ColumnOf<Payload[Key]> };

/**
 * The payloads of items by their keys: of one chunk of `run.batches()`, of what is left of it, or of any others.
 *
 * What comes from a stage with `columns` has not been rows before, and is not made into them: a column of numbers is a typed array (of `int64` and `uint64` with
 * bigints, of `bool` a `Uint8Array` of 0 and 1), one of several axes an {@link NdArray}, one of text or objects a plain array. Of neighbours in one answer it is a view of
 * that answer's memory, else a copy. Other payloads, those whose objects have been changed, and those whose stages have given them columns of different dtypes, are read
 * field by field into plain arrays.
 *
 * @throws OptionsError when the payloads are not plain objects that all have the same keys.
 *
 * @example
 * for await (const items of run.batches()) {
 *   const { total } = columnsOf(items);
 * }
 */
export function columnsOf<Payload extends object>(items: readonly Item<Payload>[]): ColumnsOf<Payload> {
  if (!Array.isArray(items))
    throw new OptionsError("columnsOf()", [`expected an array of items, got ${show(items)}`]);
  const stretches = ColumnItem.stretchesOf(items);
  const columns = (stretches && joined(stretches)) ?? listsOf(items);
  const entries = columns.keys.map((key, place) => {
    const column = columns.values[place];
    return [key, column instanceof NdArray && column.shape.length === 1 ? column.data : column];
  });
  return Object.fromEntries(entries);
}

function listsOf(items: readonly Item[]): Columns {
  const fail = (problem: string): never => {
    throw new OptionsError("columnsOf()", [problem]);
  };
  const [first] = items;
  if (first === undefined) return { rows: 0, keys: [], values: [] };
  const rows = items.map(({ id, payload }) =>
    isRecord(payload)
      ? payload
      : fail(`expected the payload of ${id} to be a plain object, got ${show(payload)}`),
  );
  const keys = Object.keys(rows[0] as object);
  for (const [index, row] of rows.entries()) {
    const { id } = items[index] as Item;
    const missing = keys.find((key) => !Object.hasOwn(row, key));
    if (missing !== undefined)
      fail(`expected the payload of ${id} to have the key \`${missing}\`, as that of ${first.id}`);
    const added = Object.keys(row).find((key) => !keys.includes(key));
    if (added !== undefined)
      fail(`expected the payload of ${id} to have no key \`${added}\`, as that of ${first.id}`);
  }
  return { rows: rows.length, keys, values: keys.map((key) => rows.map((row) => row[key])) };
}
