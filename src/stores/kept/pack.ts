import { types } from "node:util";
import { ValueNotSupportedError } from "../../errors/value.js";
import { NdArray } from "../../wire/ndarray.js";
import { MAX_DEPTH } from "../../wire/protocol.js";
import { segment, typeNameOf } from "../../wire/refusal.js";
import { Tuple } from "../../wire/tuple.js";
import { BEYOND_INT64, BUFFER, packr, special, TYPED_ARRAYS } from "./special.js";

/** Thrown inside the walk; each level on the way out puts its part in front of the path. */
class Refusal {
  path = "";
  readonly typeName: string;
  readonly hint: string;

  constructor(typeName: string, hint: string) {
    this.typeName = typeName;
    this.hint = hint;
  }
}

/**
 * The bytes of a value that comes back equal, or none: what would come back as something else is refused. An object that stands in two places becomes two.
 *
 * @param root names the value in the path of an error.
 * @throws ValueNotSupportedError names the path and the type.
 */
export function packValue(value: unknown, root = "value"): Buffer {
  try {
    return packr.pack(guard(value, 0));
  } catch (error) {
    if (error instanceof Refusal) throw refused(root, error);
    // A getter or a proxy of the caller's own, or more bytes than a buffer can hold.
    throw refused(root, new Refusal("a value that cannot be read", (error as Error).message));
  }
}

function guard(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : special("text", Buffer.from(value, "utf16le"));
    case "number":
      return Object.is(value, -0) ? special("minus-zero") : value;
    case "boolean":
      return value;
    case "bigint":
      return value < BEYOND_INT64 && value >= -BEYOND_INT64 ? value : special("bigint", String(value));
    case "undefined":
      return special("undefined");
    case "object":
      return value === null ? value : guardObject(value, depth);
    default:
      throw new Refusal(typeNameOf(value), "");
  }
}

function guardObject(value: object, depth: number): unknown {
  const name = typeNameOf(value);
  if (depth >= MAX_DEPTH) throw new Refusal(name, `values may nest ${MAX_DEPTH} levels deep; is it cyclic?`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Tuple.prototype) return special("tuple", guardItems(value as Tuple, depth));
  if (prototype === NdArray.prototype) {
    const { dtype, shape, data } = value as NdArray;
    return special("ndarray", dtype, [...shape], bytesOf(data));
  }
  if (ArrayBuffer.isView(value)) return guardView(value, name);
  if (Array.isArray(value) && name === "Array") return guardItems(value, depth);
  if (types.isDate(value) && name === "Date") {
    requireNoFields(value, name);
    return special("date", value.getTime());
  }
  if (types.isMap(value) && name === "Map") {
    requireNoFields(value, name);
    return special("map", guardEntries(value, depth));
  }
  if (types.isSet(value) && name === "Set") {
    requireNoFields(value, name);
    return special("set", guardItems([...value], depth));
  }
  if (prototype === null || isObjectPrototype(prototype))
    return guardRecord(value as Record<string, unknown>, depth);
  throw new Refusal(name, hintFor(name));
}

/** That of this realm or of another. What has nothing above it may be a prototype of the user's own, too. */
function isObjectPrototype(prototype: unknown): boolean {
  if (prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

/** They would be lost. */
function requireNoFields(value: object, name: string): void {
  if (Reflect.ownKeys(value).length > 0)
    throw new Refusal(`a ${name} with fields of its own`, "use an object that has both");
}

function guardView(view: ArrayBufferView, name: string): unknown {
  if (name === "Uint8Array") return bytesOf(view);
  if (name === BUFFER || Object.hasOwn(TYPED_ARRAYS, name))
    return special("typed-array", name, bytesOf(view));
  throw new Refusal(name, "use a Uint8Array");
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

function guardItems(items: readonly unknown[], depth: number): unknown[] {
  requireWhole(items);
  const guarded = new Array<unknown>(items.length);
  let index = 0;
  try {
    for (; index < items.length; index++) guarded[index] = guard(items[index], depth + 1);
  } catch (error) {
    throw inside(error, index);
  }
  return guarded;
}

/** Holes would become undefined, and fields beside the items would be lost. */
function requireWhole(items: readonly unknown[]): void {
  const names = Reflect.ownKeys(items);
  // One of them is the length.
  if (
    names.length !== items.length + 1 ||
    (items.length > 0 && names[items.length - 1] !== String(items.length - 1))
  )
    throw new Refusal("an array with holes, or with fields of its own", "fill it, or use an object");
}

function guardEntries(entries: Iterable<[unknown, unknown]>, depth: number): unknown[] {
  const flat: unknown[] = [];
  let at: unknown;
  try {
    for (const [key, value] of entries) {
      at = key;
      flat.push(guard(key, depth + 1), guard(value, depth + 1));
    }
  } catch (error) {
    throw inside(error, at);
  }
  return flat;
}

function guardRecord(record: Record<string, unknown>, depth: number): unknown {
  const [symbol] = Object.getOwnPropertySymbols(record);
  if (symbol !== undefined) throw new Refusal(`an object with the key ${String(symbol)}`, "use text as keys");
  const entries = Object.entries(record);
  if (Reflect.ownKeys(record).length !== entries.length)
    throw new Refusal("an object with hidden properties", "make them enumerable, or leave them out");
  if (Object.getPrototypeOf(record) === null) return special("bare", guardEntries(entries, depth));
  if (!entries.every(([key]) => key.isWellFormed())) return special("record", guardEntries(entries, depth));
  const guarded = new Map<string, unknown>();
  let at = "";
  try {
    for (const [key, value] of entries) {
      at = key;
      guarded.set(key, guard(value, depth + 1));
    }
  } catch (error) {
    throw inside(error, at);
  }
  return guarded;
}

function inside(error: unknown, key: unknown): unknown {
  if (error instanceof Refusal) error.path = segment(key) + error.path;
  return error;
}

const HINTS = new Map<string, string>([
  ["Promise", "await it first"],
  ["ArrayBuffer", "use new Uint8Array(buffer)"],
  ["SharedArrayBuffer", "use new Uint8Array(buffer)"],
  ["Ref", "a ref is gone with its session; use await ref.get()"],
  ["SharedArray", "a shared array is gone with its engine; use an NdArray"],
]);

function hintFor(name: string): string {
  return HINTS.get(name) ?? "use a plain object with its fields";
}

function refused(root: string, { path, typeName, hint }: Refusal): ValueNotSupportedError {
  const whole = root + path;
  const shown = whole.length <= 200 ? whole : `${whole.slice(0, 120)}…${whole.slice(-40)}`;
  const help = hint === "" ? "" : ` (${hint})`;
  const message = `expected ${shown} to be a value that can be kept outside of this process, got ${typeName}${help}`;
  return new ValueNotSupportedError({ path: shown, typeName, direction: "stored", message });
}
