import { addExtension, Packr } from "msgpackr";
import type { Handle } from "./handle.js";
import { type Dtype, type NdArray, NdArray as NdArrayClass, typedArrayFrom } from "./ndarray.js";
import { Extension } from "./protocol.js";
import { Tuple } from "./tuple.js";

/** A value that is already in its extension's bytes; one class per extension, because msgpackr finds the code by class. */
export abstract class Tagged {
  readonly payload: Uint8Array;

  constructor(payload: Uint8Array) {
    this.payload = payload;
  }
}

export class TaggedInteger extends Tagged {}
export class TaggedTuple extends Tagged {}
export class TaggedDict extends Tagged {}
export class TaggedNdArray extends Tagged {}
export class TaggedFloat extends Tagged {}
export class TaggedText extends Tagged {}
export class TaggedRef extends Tagged {}

/**
 * The one packer. Without records every map is plain MessagePack; `int64AsType: "auto"` gives a number where a number is exact; buffers are
 * copied out because a received chunk is larger than they are.
 */
export const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  mapsAsObjects: true,
  copyBuffers: true,
  // The published types do not name "auto"; it is documented, and the codec's tests fail without it.
  int64AsType: "auto" as "number",
});

let resolveHandle: (id: number) => Handle = refuseHandle;

/**
 * What fills the tuples and maps that were met. An unpack inside an unpack would copy the whole message each time, so they are left empty until the
 * message around them is read.
 */
let unfilled: (() => void)[] = [];

/** Decodes one body. `resolve` finds the ref behind a number that the worker names. */
export function unpack(body: Uint8Array, resolve: (id: number) => Handle = refuseHandle): unknown {
  // msgpackr's extensions are global and take no context, and decoding is synchronous.
  resolveHandle = resolve;
  decoding.by = DECODERS;
  try {
    const value = packr.unpack(body);
    // What fills one may find more.
    for (const fill of unfilled) fill();
    return value;
  } finally {
    resolveHandle = refuseHandle;
    unfilled = [];
    decoding.by = undefined;
  }
}

function refuseHandle(id: number): never {
  throw new RangeError(`the worker named object ${id}, which nothing here holds`);
}

type Decoders = Readonly<Record<number, (data: Buffer) => unknown>>;

const DECODERS: Decoders = {
  [Extension.INTEGER]: decodeInteger,
  [Extension.TUPLE]: decodeTuple,
  [Extension.DICT]: decodeDict,
  [Extension.NDARRAY]: decodeNdArray,
  [Extension.FLOAT]: (data) => data.readDoubleLE(0),
  [Extension.TEXT]: (data) => data.toString("utf16le"),
  [Extension.REF]: (data) => resolveHandle(data.readUInt32LE(0)),
};

const SHARED = Symbol.for("slither-ts.decoding");

/**
 * Whose message is being decoded. Two copies of this library may share one msgpackr, where the extensions of the copy that was loaded last win: they
 * must make the values of the copy that asked.
 */
const decoding: { by: Decoders | undefined } = sharedByAllCopies();

function sharedByAllCopies(): { by: Decoders | undefined } {
  const scope = globalThis as { [SHARED]?: { by: Decoders | undefined } };
  scope[SHARED] ??= { by: undefined };
  return scope[SHARED];
}

function register(type: number, Class: new (payload: Uint8Array) => Tagged): void {
  addExtension({
    type,
    Class,
    pack: (value: Tagged) => value.payload,
    unpack: (data: Uint8Array) => {
      const decode = (decoding.by ?? DECODERS)[type] as Decoders[number];
      return decode(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    },
  });
}

register(Extension.INTEGER, TaggedInteger);
register(Extension.TUPLE, TaggedTuple);
register(Extension.DICT, TaggedDict);
register(Extension.NDARRAY, TaggedNdArray);
register(Extension.FLOAT, TaggedFloat);
register(Extension.TEXT, TaggedText);
register(Extension.REF, TaggedRef);

/** Two's complement, little-endian, as short as it can be: what Python's `int.to_bytes(..., signed=True)` writes. */
export function encodeInteger(value: bigint): TaggedInteger {
  const magnitude = value < 0n ? -value - 1n : value;
  const bits = magnitude.toString(2).length;
  const bytes = Math.floor(bits / 8) + 1;
  const hex = BigInt.asUintN(bytes * 8, value)
    .toString(16)
    .padStart(bytes * 2, "0");
  return new TaggedInteger(Buffer.from(hex, "hex").reverse());
}

function decodeInteger(data: Buffer): bigint {
  const hex = Buffer.from(data).reverse().toString("hex");
  return BigInt.asIntN(data.byteLength * 8, BigInt(`0x${hex}`));
}

function decodeTuple(data: Buffer): Tuple {
  const made = new Tuple();
  unfilled.push(() => {
    for (const item of packr.unpack(data) as unknown[]) made.push(item);
  });
  return made;
}

function decodeDict(data: Buffer): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  unfilled.push(() => {
    const flat = packr.unpack(data) as unknown[];
    for (let index = 0; index < flat.length; index += 2) map.set(flat[index], flat[index + 1]);
  });
  return map;
}

export function encodeNdArray(dtype: Dtype, shape: readonly number[], data: ArrayBufferView): TaggedNdArray {
  const header = Buffer.from(JSON.stringify([dtype, shape]));
  const payload = Buffer.allocUnsafe(2 + header.byteLength + data.byteLength);
  payload.writeUInt16LE(header.byteLength, 0);
  payload.set(header, 2);
  payload.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 2 + header.byteLength);
  return new TaggedNdArray(payload);
}

function decodeNdArray(data: Buffer): NdArray {
  const headerEnd = 2 + data.readUInt16LE(0);
  const [dtype, shape] = JSON.parse(data.toString("utf8", 2, headerEnd)) as [Dtype, number[]];
  return new NdArrayClass(dtype, shape, typedArrayFrom(dtype, data.subarray(headerEnd)));
}

export function encodeFloat(value: number): TaggedFloat {
  const payload = Buffer.allocUnsafe(8);
  payload.writeDoubleLE(value, 0);
  return new TaggedFloat(payload);
}

export function encodeText(value: string): TaggedText {
  return new TaggedText(Buffer.from(value, "utf16le"));
}

export function encodeRef(id: number): TaggedRef {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32LE(id, 0);
  return new TaggedRef(payload);
}
