import { FORBIDDEN_KEY } from "./protocol.js";
import { rowBuilder, type Shape } from "./row-builder.js";

/** Rows as they travel: `values` are the rows, or, with a shape, a column for each leaf of it. */
export type Table = readonly [rows: number, shape: Shape | null, values: readonly unknown[]];

/** Gives what stands for a value on the wire, which stands so many levels deep in its row; what it throws is thrown. */
type Guard = (value: unknown, depth: number) => unknown;

/** Fewer rows than this are not worth the code that is made for each shape. */
const FEWEST_ROWS = 16;
const MOST_COLUMNS = 500;
const DEEPEST = 8;

/**
 * Plain objects that all have the same keys in the same order, as columns; undefined for rows that are not all like that. Values in them that are such
 * objects, too, become columns of their own.
 */
export function columnsOf(rows: readonly unknown[], guard: Guard): Table | undefined {
  if (rows.length < FEWEST_ROWS) return undefined;
  const columns: unknown[][] = [];
  const shape = split(rows, columns, guard, 0);
  return shape && [rows.length, shape, columns];
}

/** The rows that a table stands for. @throws RangeError for what is none. */
export function rowsOf([count, shape, values]: Table): unknown[] {
  if (shape === null) {
    if (values.length !== count) throw new RangeError(`a table of ${count} rows has ${values.length}`);
    return values as unknown[];
  }
  const columns = values as unknown[][];
  const leaves = leavesOf(shape);
  if (columns.length !== leaves) throw new RangeError(`a shape of ${leaves} columns has ${columns.length}`);
  if (columns.some((column) => column.length !== count))
    throw new RangeError(`a column of ${count} rows is of another length`);
  return rowBuilder(shape)(columns, count);
}

function leavesOf(shape: Shape): number {
  return shape.reduce((sum, key) => sum + (typeof key === "string" ? 1 : leavesOf(key[1])), 0);
}

function split(
  rows: readonly unknown[],
  columns: unknown[][],
  guard: Guard,
  depth: number,
): Shape | undefined {
  const keys = keysOf(rows[0]);
  if (keys === undefined || !haveKeys(rows, keys)) return undefined;
  const shape: (string | [string, Shape])[] = [];
  for (const key of keys) {
    const values = valuesOf(rows as Rows, key);
    const before = columns.length;
    const nested =
      depth < DEEPEST && isPlain(values[0]) ? split(values, columns, guard, depth + 1) : undefined;
    if (nested !== undefined) {
      shape.push([key, nested]);
      continue;
    }
    columns.length = before;
    if (columns.length >= MOST_COLUMNS) return undefined;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      const guarded = guard(value, depth + 1);
      if (guarded !== value) values[index] = guarded;
    }
    columns.push(values);
    shape.push(key);
  }
  return shape;
}

type Rows = readonly Readonly<Record<string, unknown>>[];

function valuesOf(rows: Rows, key: string): unknown[] {
  const values: unknown[] = new Array(rows.length);
  for (let index = 0; index < rows.length; index++) values[index] = rows[index]?.[key];
  return values;
}

function haveKeys(rows: readonly unknown[], keys: readonly string[]): rows is Rows {
  for (const row of rows) if (!hasKeys(row, keys)) return false;
  return true;
}

function keysOf(row: unknown): string[] | undefined {
  if (!isPlain(row)) return undefined;
  const keys = Object.keys(row);
  const isSound = keys.every((key) => key !== FORBIDDEN_KEY && key.isWellFormed());
  return keys.length > 0 && isSound ? keys : undefined;
}

function hasKeys(row: unknown, keys: readonly string[]): boolean {
  if (!isPlain(row)) return false;
  let index = 0;
  for (const key in row) {
    if (key !== keys[index]) return false;
    index += 1;
  }
  return index === keys.length;
}

/** One whose `constructor` is a value of its own is none: no reader could tell it from an instance of something. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    value.constructor === Object
  );
}
