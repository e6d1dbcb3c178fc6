import { addExtension, Packr } from "msgpackr";
import { arrayPayload, type BlockPlace, readArrayPayload } from "./array-payload.js";
import type { Handle } from "./handle.js";
import {
  type Dtype,
  type NdArray,
  NdArray as NdArrayClass,
  typedArrayFrom,
  typedArrayOn,
} from "./ndarray.js";
import { Extension } from "./protocol.js";
import type { SharedArray } from "./shared-array.js";
import { lend, use } from "./shared-loans.js";
import { isTextDict, withObjects } from "./text-dicts.js";
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
export class TaggedShared extends Tagged {}

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

/** Gives back what stands in a place, in memory of its own. */
export type BlockReader = (place: BlockPlace) => ArrayBuffer;

let readBlock: BlockReader = refuseBlock;

/**
 * What fills the tuples and maps that were met. An unpack inside an unpack would copy the whole message each time, so they are left empty until the
 * message around them is read.
 */
let unfilled: (() => void)[] = [];

/** Those of the maps that are to be plain objects: what they are is known when they are filled, and they are in their places by then. */
let textDicts = new Set<unknown>();

/** Decodes one body. `resolve` finds the ref behind a number that the worker names, `read` what it has put into shared memory. */
export function unpack(
  body: Uint8Array,
  resolve: (id: number) => Handle = refuseHandle,
  read: BlockReader = refuseBlock,
): unknown {
  // msgpackr's extensions are global and take no context, and decoding is synchronous.
  resolveHandle = resolve;
  readBlock = read;
  decoding.by = DECODERS;
  try {
    const value = packr.unpack(body);
    // What fills one may find more.
    for (const fill of unfilled) fill();
    return textDicts.size === 0 ? value : withObjects(value, textDicts);
  } finally {
    resolveHandle = refuseHandle;
    readBlock = refuseBlock;
    unfilled = [];
    if (textDicts.size > 0) textDicts = new Set();
    decoding.by = undefined;
  }
}

function refuseHandle(id: number): never {
  throw new RangeError(`the worker named object ${id}, which nothing here holds`);
}

function refuseBlock({ pid }: BlockPlace): never {
  throw new RangeError(`process ${pid} named shared memory, which is not expected here`);
}

type Decoders = Readonly<Record<number, (data: Buffer) => unknown>>;

const DECODERS: Decoders = {
  [Extension.INTEGER]: decodeInteger,
  [Extension.TUPLE]: decodeTuple,
  [Extension.DICT]: decodeDict,
  [Extension.NDARRAY]: decodeArray,
  [Extension.FLOAT]: (data) => data.readDoubleLE(0),
  [Extension.TEXT]: (data) => data.toString("utf16le"),
  [Extension.REF]: (data) => resolveHandle(data.readUInt32LE(0)),
  [Extension.SHARED]: decodeArray,
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
register(Extension.SHARED, TaggedShared);

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
    if (isTextDict(map)) textDicts.add(map);
  });
  return map;
}

/** A copy for Python, in shared memory where the request that is being encoded lends it. */
export function encodeNdArray(dtype: Dtype, shape: readonly number[], data: ArrayBufferView): Tagged {
  const lent = lend(data);
  if (lent === undefined) return new TaggedNdArray(arrayPayload([dtype, shape], data));
  return new TaggedShared(arrayPayload([dtype, shape, process.pid, lent.descriptor, lent.offset]));
}

/** An array that Python can only read. @throws SharedArrayError for one that cannot be used. */
export function encodeSharedArray(array: SharedArray): TaggedShared {
  use(array);
  const { dtype, shape, key, place } = array;
  if ("elements" in place) return new TaggedShared(arrayPayload([dtype, shape], place.elements));
  return new TaggedShared(arrayPayload([dtype, shape, process.pid, place.descriptor, 0, key]));
}

function decodeArray(data: Buffer): NdArray {
  const { dtype, shape, elements } = readArrayPayload(data);
  const made =
    elements instanceof Uint8Array
      ? typedArrayFrom(dtype, elements)
      : typedArrayOn(dtype, readBlock(elements));
  return new NdArrayClass(dtype, shape, made);
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
