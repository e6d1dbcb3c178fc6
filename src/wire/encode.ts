import { RefError } from "../errors/session.js";
import { SharedArrayError } from "../errors/shared-array.js";
import { ValueNotSupportedError } from "../errors/value.js";
import {
  encodeFloat,
  encodeInteger,
  encodeNdArray,
  encodeRef,
  encodeSharedArray,
  encodeText,
  packr,
  TaggedDict,
  TaggedTuple,
} from "./extensions.js";
import { Handle } from "./handle.js";
import { dtypeOf, lossOf, NdArray } from "./ndarray.js";
import { FORBIDDEN_KEY, MAX_BODY_BYTES, MAX_DEPTH, MAX_NUMBER_INTEGER } from "./protocol.js";
import { isRecord } from "./record.js";
import { hintFor, segment, typeNameOf } from "./refusal.js";
import { SharedArray } from "./shared-array.js";
import { columnsOf, type Table } from "./table.js";
import { Tuple } from "./tuple.js";

/** Where a value is going: to Python, or back. */
type Direction = ValueNotSupportedError["direction"];

/** Thrown inside the walk, without a path: paths cost time, and only a refused value needs one. */
class Refusal {
  readonly typeName: string;
  readonly hint: string;

  constructor(typeName: string, hint: string) {
    this.typeName = typeName;
    this.hint = hint;
  }
}

/**
 * Makes a value ready for the packer. `root` names it in the path of an error.
 *
 * msgpackr alone would write some values as something else (large integers as floats, -0 as 0, typed arrays, Date, Map, undefined,
 * functions), so every value is walked first; what msgpackr gets right is passed on as it is, the rest is replaced or refused.
 *
 * @param depth how many levels are around it already.
 * @throws ValueNotSupportedError names the path and the type.
 * @throws RefError for a ref of another session, or one that was released; SharedArrayError for an array of another engine, or one that was released.
 */
export function packable(
  value: unknown,
  session: string,
  root: string,
  direction: Direction = "argument",
  depth = outermost(direction),
): unknown {
  try {
    return guard(value, session, depth);
  } catch (error) {
    if (error instanceof Refusal) {
      const place = root + locate(error, value, session, depth);
      throw refused(place, direction, error);
    }
    if (error instanceof RefError || error instanceof SharedArrayError) throw error;
    // A getter, or a proxy, of the caller's own.
    throw refused(
      root,
      direction,
      new Refusal("a value that throws when it is read", (error as Error).message),
    );
  }
}

/** Rows ready for the packer, in the form that is cheapest. @throws as {@link packable}. */
export function packableTable(rows: readonly unknown[], session: string, root: string): Table {
  let table: Table | undefined;
  try {
    table = columnsOf(rows, (value, depth) => guard(value, session, depth));
  } catch {
    // What is refused is refused below, with its path.
  }
  return table ?? [rows.length, null, packable(rows, session, root) as unknown[]];
}

/** The list of arguments or payloads is the message's, and no level of the values in it. */
function outermost(direction: Direction): number {
  return direction === "argument" ? -1 : 0;
}

/** Writes a body from parts that are {@link packable}. @throws ValueNotSupportedError when it is too large for one message. */
export function packBody(parts: unknown, root: string, direction: Direction = "argument"): Buffer {
  const tooLarge = "a message holds at most 4 GiB; send it in parts";
  let body: Buffer;
  try {
    body = packr.pack(parts);
  } catch (error) {
    throw refused(
      root,
      direction,
      new Refusal("a value of that size", `${tooLarge}: ${(error as Error).message}`),
    );
  }
  if (body.byteLength <= MAX_BODY_BYTES) return body;
  throw refused(root, direction, new Refusal(`${body.byteLength} bytes`, tooLarge));
}

/** Gives back `value` itself where msgpackr writes it rightly, a replacement where it does not; throws a Refusal for what cannot be carried. */
function guard(value: unknown, session: string, depth: number): unknown {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : encodeText(value);
    case "number":
      return guardNumber(value);
    case "boolean":
      return value;
    case "bigint":
      return value >= -(2n ** 63n) && value < 2n ** 64n ? value : encodeInteger(value);
    case "object":
      return value === null ? value : guardObject(value, session, depth);
    default:
      throw new Refusal(typeNameOf(value), hintFor(value));
  }
}

function guardNumber(value: number): unknown {
  if (value >= -0x8000_0000 && value <= 0xffff_ffff)
    return value === 0 && Object.is(value, -0) ? encodeFloat(value) : value;
  // msgpackr writes larger integers as floats; a bigint it writes as the integer it is.
  return Number.isInteger(value) && Math.abs(value) <= MAX_NUMBER_INTEGER ? BigInt(value) : value;
}

function guardObject(value: object, session: string, depth: number): unknown {
  if (depth >= MAX_DEPTH)
    throw new Refusal(typeNameOf(value), `values may nest ${MAX_DEPTH} levels deep; is it cyclic?`);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return guardRecord(value as Record<string, unknown>, session, depth);
  if (prototype === Array.prototype) return guardArray(value as unknown[], session, depth);
  if (value instanceof Tuple) {
    return new TaggedTuple(packr.pack(guardArray(Array.from(value), session, depth)));
  }
  if (value instanceof Map) return guardMap(value, session, depth);
  if (value instanceof Handle) return guardHandle(value, session);
  if (value instanceof NdArray) return guardNdArray(value);
  if (value instanceof SharedArray) return encodeSharedArray(value);
  if (ArrayBuffer.isView(value)) return guardView(value);
  // An array of another realm.
  if (Array.isArray(value) && typeNameOf(value) === "Array")
    return guardArray(Array.from(value), session, depth);
  if (isRecord(value)) return guardRecord({ ...value }, session, depth);
  throw new Refusal(typeNameOf(value), hintFor(value));
}

function guardNdArray(array: NdArray): unknown {
  const loss = lossOf(array);
  if (loss !== undefined) throw new Refusal("NdArray", loss);
  return encodeNdArray(array.dtype, array.shape, array.data);
}

function guardArray(array: unknown[], session: string, depth: number): unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < array.length; index++) {
    const item = array[index];
    const guarded = guard(item, session, depth + 1);
    if (guarded !== item) {
      copy ??= array.slice();
      copy[index] = guarded;
    }
  }
  return copy ?? array;
}

function guardRecord(record: Record<string, unknown>, session: string, depth: number): unknown {
  let copy: Map<string, unknown> | undefined;
  // msgpackr looks at `constructor` to tell what a value is; a Map with text keys is written as the same bytes and is never asked.
  if (record.constructor !== Object) copy = new Map(Object.entries(record));
  for (const key in record) {
    const item = record[key];
    const guarded = guard(item, session, depth + 1);
    if (guarded !== item || key === FORBIDDEN_KEY || !key.isWellFormed()) {
      if (key === FORBIDDEN_KEY) throw forbiddenKey();
      if (!key.isWellFormed()) return guardMap(new Map(Object.entries(record)), session, depth);
      copy ??= new Map(Object.entries(record));
      copy.set(key, guarded);
    }
  }
  return copy ?? record;
}

function forbiddenKey(): Refusal {
  return new Refusal(`the key ${FORBIDDEN_KEY}`, "JavaScript objects cannot hold it safely; rename it");
}

function guardMap(map: Map<unknown, unknown>, session: string, depth: number): TaggedDict {
  const flat: unknown[] = [];
  for (const [key, item] of map) {
    if (key !== null && !["string", "number", "boolean", "bigint"].includes(typeof key)) {
      throw new Refusal(
        `a Map key of type ${typeNameOf(key)}`,
        "keys can be strings, numbers, bigints, booleans and null",
      );
    }
    if (key === FORBIDDEN_KEY) throw forbiddenKey();
    flat.push(guard(key, session, depth + 1), guard(item, session, depth + 1));
  }
  return new TaggedDict(packr.pack(flat));
}

function guardHandle(handle: Handle, session: string): unknown {
  let problem: string | undefined;
  if (handle.session !== session) {
    problem = `a ref to the ${handle.typeName} of session ${handle.session} was used in session ${session}; an object stays in its session`;
  } else if (handle.released) {
    problem = `session ${session}: the ref to the ${handle.typeName} was released and cannot be used any more`;
  }
  if (problem === undefined) return encodeRef(handle.id);
  throw new RefError(problem, handle.session);
}

function guardView(view: ArrayBufferView): unknown {
  if (view instanceof Uint8Array && !(view instanceof Uint8ClampedArray)) {
    return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  }
  const dtype = dtypeOf(view);
  if (dtype === undefined) throw new Refusal(typeNameOf(view), hintFor(view));
  return encodeNdArray(dtype, [(view as Float64Array).length], view);
}

function refused(place: string, direction: Direction, { typeName, hint }: Refusal): ValueNotSupportedError {
  const path = shorten(place);
  const receiver = direction === "argument" ? "Python" : "JavaScript";
  const help = hint === "" ? "" : ` (${hint})`;
  const message = `expected ${path} to be a value that ${receiver} can be given, got ${typeName}${help}`;
  return new ValueNotSupportedError({ path, typeName, direction, message });
}

/** Finds where in `value` a refusal came from, by asking again on the way down. */
function locate(refusal: Refusal, value: unknown, session: string, depth: number): string {
  if (typeof value !== "object" || value === null || depth >= MAX_DEPTH || !isContainer(value)) return "";
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map || Array.isArray(value)
      ? (value.entries() as Iterable<[unknown, unknown]>)
      : Object.entries(value);
  for (const [key, item] of entries) {
    try {
      guard(item, session, depth + 1);
    } catch (error) {
      if (error instanceof Refusal && error.typeName === refusal.typeName)
        return segment(key) + locate(refusal, item, session, depth + 1);
    }
  }
  return "";
}

/** Whether what is in it is looked at; what is refused as a whole may hold anything. */
function isContainer(value: object): boolean {
  if (value instanceof Tuple || value instanceof Map || Object.getPrototypeOf(value) === null) return true;
  return ["Object", "Array"].includes(typeNameOf(value));
}

function shorten(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 120)}…${path.slice(-40)}`;
}
