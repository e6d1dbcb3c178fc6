import type { Column } from "./columns.js";
import { DTYPES, type Dtype, dtypeOf, NdArray } from "./ndarray.js";
import { typeNameOf } from "./refusal.js";

/** What the values of a column are: elements of an array; text; or any values. The last two are lists, arrays of objects in Python. */
export type ColumnDtype = Dtype | "str" | "object";

export const COLUMN_DTYPES: readonly ColumnDtype[] = [...DTYPES, "str", "object"];

/** What each value of a column must be. */
export interface ColumnKind {
  readonly dtype: ColumnDtype;
  /** The shape of each value: `[]` for one number, `[3]` for three. */
  readonly inner: readonly number[];
}

export function isList({ dtype }: ColumnKind): boolean {
  return dtype === "str" || dtype === "object";
}

/** How many elements each value has. */
export function elementsOf(inner: readonly number[]): number {
  return inner.reduce((product, length) => product * length, 1);
}

export function isSameShape(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((length, axis) => length === other[axis]);
}

/** The kind of column that a value would be in; undefined for what makes none by itself. */
export function kindOfValue(value: unknown): ColumnKind | undefined {
  switch (typeof value) {
    case "number":
      return { dtype: "float64", inner: [] };
    case "bigint":
      return { dtype: "int64", inner: [] };
    case "boolean":
      return { dtype: "bool", inner: [] };
    case "string":
      return { dtype: "str", inner: [] };
    default:
      return kindOfArray(value);
  }
}

function kindOfArray(value: unknown): ColumnKind | undefined {
  if (isPlainArray(value)) {
    // Holes are not numbers.
    const isNumbers = Array.from(value).every((element) => typeof element === "number");
    return isNumbers ? { dtype: "float64", inner: [value.length] } : undefined;
  }
  const { dtype, shape } = shapedAs(value) ?? {};
  return dtype && shape && { dtype, inner: shape };
}

/** A typed array or an NdArray, as the latter. */
export function shapedAs(
  value: unknown,
): { dtype: Dtype; shape: readonly number[]; data: NdArray["data"] } | undefined {
  if (value instanceof NdArray) return value;
  const dtype = ArrayBuffer.isView(value) ? dtypeOf(value) : undefined;
  if (dtype === undefined) return undefined;
  const data = value as NdArray["data"];
  return { dtype, shape: [data.length], data };
}

/** A tuple is another type in Python, and so is an instance of a class of one's own. */
export function isPlainArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && typeNameOf(value) === "Array";
}

/** Whether a column has nothing but values of the kind; of a list, that must be asked of each value. */
export function isOfKind(column: Column, { dtype, inner }: ColumnKind): column is NdArray {
  return column instanceof NdArray && column.dtype === dtype && isSameShape(column.shape.slice(1), inner);
}
