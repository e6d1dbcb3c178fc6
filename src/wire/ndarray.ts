import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";

/** The typed array that holds the elements of each dtype. `bool` has one byte an element, 0 or 1. */
export interface TypedArrays {
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float32: Float32Array;
  float64: Float64Array;
}

/** A numpy dtype that can be carried. */
export type Dtype = keyof TypedArrays;

const CONSTRUCTORS = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export const DTYPES = Object.keys(CONSTRUCTORS) as readonly Dtype[];

/** A `numpy.ndarray`: elements in C order with a dtype and a shape. */
export class NdArray<D extends Dtype = Dtype> {
  readonly dtype: D;
  /** Length of each axis; empty for a scalar array. Frozen: what it was checked with. */
  readonly shape: readonly number[];
  /** The elements in C order (the last axis varies fastest). */
  readonly data: TypedArrays[D];

  /** @throws OptionsError when there is no such dtype, or `data` does not hold exactly the elements that `shape` asks for. */
  constructor(dtype: D, shape: readonly number[], data: TypedArrays[D]) {
    const problem = problemOf(dtype, shape, data);
    if (problem !== undefined) throw new OptionsError("new NdArray()", [problem]);
    this.dtype = dtype;
    this.shape = Object.isFrozen(shape) ? shape : Object.freeze([...shape]);
    this.data = data;
  }

  /** Nested arrays of numbers (bigints for int64 and uint64, booleans for bool); a scalar array gives one element. */
  toArray(): unknown {
    const element = (index: number): unknown =>
      this.dtype === "bool" ? this.data[index] !== 0 : this.data[index];
    const build = (axis: number, offset: number, stride: number): unknown => {
      if (axis === this.shape.length) return element(offset);
      const length = this.shape[axis] as number;
      const inner = length === 0 ? 0 : stride / length;
      return Array.from({ length }, (_, index) => build(axis + 1, offset + index * inner, inner));
    };
    return build(0, 0, this.data.length);
  }
}

function problemOf(dtype: unknown, shape: unknown, data: unknown): string | undefined {
  if (typeof dtype !== "string" || !Object.hasOwn(CONSTRUCTORS, dtype))
    return `expected \`dtype\` to be one of ${Object.keys(CONSTRUCTORS).join(", ")}, got ${show(dtype)}`;
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length) && length >= 0))
    return `expected \`shape\` to be an array of lengths, got ${Array.isArray(shape) ? `[${shape.join(", ")}]` : show(shape)}`;
  const elements = shape.reduce((product, length) => product * length, 1);
  const ArrayClass = CONSTRUCTORS[dtype as Dtype];
  if (data instanceof ArrayClass && data.length === elements) return undefined;
  const came = ArrayBuffer.isView(data)
    ? `a ${data.constructor.name} with ${(data as Uint8Array).length}`
    : show(data);
  return `expected \`data\` to be a ${ArrayClass.name} with ${elements} elements (shape ${shape.join("x") || "()"}), got ${came}`;
}

/** The dtype that a typed array becomes in numpy; undefined for `Uint8Array` (which is `bytes`) and for what numpy does not know. */
export function dtypeOf(array: ArrayBufferView): Dtype | undefined {
  for (const [dtype, ArrayClass] of Object.entries(CONSTRUCTORS)) {
    if (ArrayClass !== Uint8Array && array.constructor === ArrayClass) return dtype as Dtype;
  }
  return undefined;
}

/** Typed arrays that are arrays of one axis in numpy; a `Uint8Array` is `bytes`. */
export type ElementsOfArrays = Exclude<TypedArrays[Dtype], Uint8Array>;

/** @param where names the call in the error. @throws OptionsError for what is no array, or not a sound one. */
export function arrayOf(where: string, value: unknown): NdArray {
  // Made again: its buffer may have been given away since it was checked.
  if (value instanceof NdArray) return new NdArray(value.dtype, value.shape, value.data);
  const dtype = ArrayBuffer.isView(value) ? dtypeOf(value) : undefined;
  if (dtype !== undefined) {
    const elements = value as ElementsOfArrays;
    return new NdArray(dtype, [elements.length], elements);
  }
  const bytes =
    value instanceof Uint8Array
      ? 'a Uint8Array, which is bytes; make it a new NdArray("uint8", …)'
      : show(value);
  throw new OptionsError(where, [`expected an NdArray or a typed array, got ${bytes}`]);
}

/** What has become of the elements of an array since it was made; undefined where they are all there. */
export function lossOf({ shape, data }: Pick<NdArray, "shape" | "data">): string | undefined {
  const elements = shape.reduce((product, length) => product * length, 1);
  if (data.length === elements) return undefined;
  return `it had ${elements} elements and has ${data.length}; was its buffer given away?`;
}

/** The elements of a whole buffer, as a typed array on it. */
export function typedArrayOn<D extends Dtype>(dtype: D, buffer: ArrayBuffer): TypedArrays[D] {
  return new CONSTRUCTORS[dtype](buffer) as TypedArrays[D];
}

/** How many bytes the elements of such an array take. */
export function bytesOf(dtype: Dtype, shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, CONSTRUCTORS[dtype].BYTES_PER_ELEMENT);
}

/** The payload of the NDARRAY extension after its header, as a typed array of its own. */
export function typedArrayFrom<D extends Dtype>(dtype: D, bytes: Uint8Array): TypedArrays[D] {
  const ArrayClass = CONSTRUCTORS[dtype];
  // A copy: the elements must be aligned, and must not keep the whole received chunk alive. (Buffer's own `slice` would not copy.)
  const copy = new Uint8Array(bytes);
  return new ArrayClass(copy.buffer, 0, copy.byteLength / ArrayClass.BYTES_PER_ELEMENT) as TypedArrays[D];
}
