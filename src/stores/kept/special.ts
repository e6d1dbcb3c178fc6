import { Packr } from "msgpackr";

/**
 * Values as they are kept outside of this process: plain MessagePack without extensions, which any other reader can read. Objects are maps with text
 * keys. What MessagePack has no form for is a map with the one key nil, which no object has: `{nil: [kind, …]}`.
 */
export const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: false,
  copyBuffers: true,
});

/** The key that marks what is no plain value. */
export const MARK = null;

/** What stands first behind the mark. */
export type Kind =
  | "undefined"
  | "minus-zero"
  | "text"
  | "bigint"
  | "date"
  | "map"
  | "set"
  | "record"
  | "bare"
  | "tuple"
  | "ndarray"
  | "typed-array";

export function special(kind: Kind, ...fields: readonly unknown[]): Map<null, unknown> {
  return new Map([[MARK, [kind, ...fields]]]);
}

/** Integers from here on, and below the same to the other side, are beyond the 64 bits of MessagePack. */
export const BEYOND_INT64 = 2n ** 63n;

/** A `Uint8Array` is MessagePack's own type; all other arrays of bytes are marked with the name of their class. */
export const TYPED_ARRAYS = {
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;

export const BUFFER = "Buffer";
