import type { Column } from "./columns.js";
import { type ColumnKind, elementsOf, isPlainArray, isSameShape, shapedAs } from "./columns-kind.js";
import { bytesOf, type Dtype, NdArray, type TypedArrays, typedArrayOn } from "./ndarray.js";
import { MAX_NUMBER_INTEGER } from "./protocol.js";

/** The values of a column while they are put in. */
export interface OpenColumn {
  /** Puts in the value of a row; false for one that does not fit exactly. */
  readonly put: (index: number, value: unknown) => boolean;
  readonly column: Column;
}

/** Puts an element in; false for one that does not fit exactly. */
type PutElement = (place: number, value: unknown) => boolean;

/** A column of a kind for so many rows. */
export function openColumn({ dtype, inner }: ColumnKind, rows: number): OpenColumn {
  if (dtype === "str" || dtype === "object") return listOf(rows, dtype);
  const size = elementsOf(inner);
  const shape = [rows, ...inner];
  const data = typedArrayOn(dtype, new ArrayBuffer(bytesOf(dtype, shape)));
  const putElement = elementsOfDtype(dtype, data);
  const column = new NdArray(dtype, shape, data);
  const put = (index: number, value: unknown): boolean => {
    const shaped = shapedAs(value);
    if (shaped !== undefined) {
      if (shaped.dtype !== dtype || !isSameShape(shaped.shape, inner)) return false;
      if (shaped.data.length !== size) return false;
      // Without elements, also a buffer that was given away is nothing to be copied.
      if (size > 0) (data as Float64Array).set(shaped.data as Float64Array, index * size);
      return true;
    }
    if (inner.length !== 1 || !isPlainArray(value) || value.length !== size) return false;
    for (let place = 0; place < size; place++)
      if (!putElement(index * size + place, value[place])) return false;
    return true;
  };
  if (inner.length > 0) return { put, column };
  return { put: (index, value) => putElement(index, value) || put(index, value), column };
}

/** Whether a value can be in a column of the kind. */
export function valueFits(value: unknown, kind: ColumnKind | undefined): boolean {
  return kind !== undefined && openColumn(kind, 1).put(0, value);
}

function listOf(rows: number, dtype: "str" | "object"): OpenColumn {
  const column: unknown[] = new Array(rows);
  const isAny = dtype === "object";
  const put = (index: number, value: unknown): boolean => {
    column[index] = value;
    return isAny || typeof value === "string";
  };
  return { put, column };
}

function elementsOfDtype(dtype: Dtype, data: TypedArrays[Dtype]): PutElement {
  switch (dtype) {
    case "float64":
      return (place, value) => {
        if (typeof value !== "number") return false;
        data[place] = value;
        return true;
      };
    case "float32":
      return (place, value) => {
        if (typeof value !== "number") return false;
        data[place] = value;
        return Object.is(data[place], value);
      };
    case "bool":
      return (place, value) => {
        if (typeof value !== "boolean") return false;
        data[place] = value ? 1 : 0;
        return true;
      };
    case "int64":
    case "uint64":
      return (place, value) => {
        const integer = typeof value === "number" ? exactInteger(value) : value;
        if (typeof integer !== "bigint") return false;
        data[place] = integer;
        return data[place] === integer;
      };
    default:
      return (place, value) => {
        const integer = typeof value === "bigint" ? Number(value) : value;
        if (typeof integer !== "number") return false;
        data[place] = integer;
        return Object.is(data[place], integer);
      };
  }
}

/** No integer is -0, and one beyond ±2^53 may have been another. */
function exactInteger(value: number): bigint | undefined {
  const isExact = Number.isInteger(value) && Math.abs(value) <= MAX_NUMBER_INTEGER;
  return isExact && !Object.is(value, -0) ? BigInt(value) : undefined;
}
