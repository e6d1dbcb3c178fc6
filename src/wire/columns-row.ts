import type { Column, Columns } from "./columns.js";
import { compiledOr, onceForEach } from "./layouts.js";
import { NdArray } from "./ndarray.js";
import { MAX_NUMBER_INTEGER } from "./protocol.js";

/** Makes the object of one row. */
export type RowAt = (index: number) => Record<string, unknown>;

/** Gives the value of one row in a column. */
export type ValueAt = (index: number) => unknown;

/** Puts values into an object under the keys of one layout. */
type Literal = (values: readonly ValueAt[]) => RowAt;

/** What makes the rows of columns, which must not change any more. */
export function rowMaker({ keys, values }: Columns): RowAt {
  return literalOf(keys)(values.map(valueAt));
}

/** The values of a column, one by one, as values that travel alone: an integer of 64 bits is a number where that is exact. */
export function valueAt(column: Column): ValueAt {
  if (!(column instanceof NdArray)) return (index) => column[index];
  const { dtype, shape, data } = column;
  if (shape.length > 1) {
    const inner = Object.freeze(shape.slice(1));
    const size = inner.reduce((product, length) => product * length, 1);
    return (index) => new NdArray(dtype, inner, data.slice(index * size, (index + 1) * size));
  }
  if (dtype === "bool") return (index) => data[index] !== 0;
  if (dtype === "int64" || dtype === "uint64") return (index) => exact(data[index] as bigint);
  return (index) => data[index];
}

function exact(value: bigint): number | bigint {
  return value >= -MAX_NUMBER_INTEGER && value <= MAX_NUMBER_INTEGER ? Number(value) : value;
}

const literalOf = onceForEach(
  (keys: readonly string[]): Literal =>
    compiledOr(
      () => compiled(keys),
      () => (values) => looped(keys, values),
    ),
);

/** An object literal with its keys in it is the cheapest. */
function compiled(keys: readonly string[]): Literal {
  const names = keys.map((_, index) => `v${index}`);
  const fields = keys.map((key, index) => `${JSON.stringify(key)}: v${index}(index)`);
  return new Function(
    "values",
    `const [${names.join(", ")}] = values;
    return (index) => ({ ${fields.join(", ")} });`,
  ) as Literal;
}

/** The same without code that is made of text. */
export function looped(keys: readonly string[], values: readonly ValueAt[]): RowAt {
  return (index) => {
    const row: Record<string, unknown> = {};
    for (const [place, key] of keys.entries()) row[key] = (values[place] as ValueAt)(index);
    return row;
  };
}
