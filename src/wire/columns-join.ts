import type { Column, Columns } from "./columns.js";
import type { ColumnBlock } from "./columns-block.js";
import { elementsOf, isSameShape } from "./columns-kind.js";
import { bytesOf, NdArray, typedArrayOn } from "./ndarray.js";

/** Neighbouring rows of one block. */
export interface Stretch {
  readonly block: ColumnBlock;
  readonly start: number;
  /** Behind the last. */
  readonly end: number;
}

/**
 * The columns of rows that came in columns, without making objects of them: of neighbours, arrays on the same memory. Undefined where they cannot be put together:
 * their keys, or what a column is made of, differ.
 *
 * @throws ValueNotSupportedError when the memory of a column was given away.
 */
export function joined(stretches: readonly Stretch[]): Columns | undefined {
  const rows = stretches.reduce((sum, { start, end }) => sum + end - start, 0);
  const [first, ...others] = stretches;
  if (first === undefined) return undefined;
  for (const block of new Set(stretches.map((each) => each.block))) block.checkMemory();
  const { keys, values } = first.block;
  const places = others.map(({ block }) => (block === first.block ? undefined : placesOf(keys, block)));
  if (places.some((each) => each?.includes(-1))) return undefined;
  const columns: Column[] = [];
  for (const [place, column] of values.entries()) {
    const parts = [column, ...others.map(({ block }, other) => at(block, places[other]?.[place] ?? place))];
    const whole = join(parts, stretches, rows);
    if (whole === undefined) return undefined;
    columns.push(whole);
  }
  return { rows, keys, values: columns };
}

/** Where a block has the keys of another one; undefined: at the same places. */
function placesOf(keys: readonly string[], block: ColumnBlock): number[] | undefined {
  if (keys.length !== block.keys.length) return [-1];
  if (keys.every((key, place) => key === block.keys[place])) return undefined;
  return keys.map((key) => block.keys.indexOf(key));
}

function at(block: ColumnBlock, place: number): Column {
  return block.values[place] as Column;
}

function join(parts: readonly Column[], stretches: readonly Stretch[], rows: number): Column | undefined {
  const arrays = parts.filter((part) => part instanceof NdArray);
  if (arrays.length === 0)
    return stretches.flatMap(({ start, end }, index) => (parts[index] as unknown[]).slice(start, end));
  const [first] = arrays as [NdArray];
  const inner = first.shape.slice(1);
  const isAlike = arrays.every(
    ({ dtype, shape }) => dtype === first.dtype && isSameShape(shape.slice(1), inner),
  );
  if (arrays.length < parts.length || !isAlike) return undefined;
  const size = elementsOf(inner);
  const cut = ({ start, end }: Stretch, index: number): Float64Array =>
    ((arrays[index] as NdArray).data as Float64Array).subarray(start * size, end * size);
  const shape = [rows, ...inner];
  if (stretches.length === 1) return new NdArray(first.dtype, shape, cut(stretches[0] as Stretch, 0));
  const data = typedArrayOn(first.dtype, new ArrayBuffer(bytesOf(first.dtype, shape))) as Float64Array;
  let place = 0;
  for (const [index, stretch] of stretches.entries()) {
    const part = cut(stretch, index);
    data.set(part, place);
    place += part.length;
  }
  return new NdArray(first.dtype, shape, data);
}
