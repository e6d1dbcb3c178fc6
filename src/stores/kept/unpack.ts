import { type Dtype, NdArray, typedArrayFrom } from "../../wire/ndarray.js";
import { Tuple } from "../../wire/tuple.js";
import { BUFFER, type Kind, MARK, packr, TYPED_ARRAYS } from "./special.js";

/** The value of bytes that `packValue` made. @throws RangeError for others. */
export function unpackValue(bytes: Uint8Array): unknown {
  return restore(packr.unpack(bytes));
}

function restore(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return restoreItems(value);
  // Buffers are what the packer gives; a Uint8Array is what was kept.
  if (value instanceof Uint8Array) return new Uint8Array(value);
  const map = value as Map<unknown, unknown>;
  return map.has(MARK) ? restoreSpecial(map.get(MARK) as [Kind, ...unknown[]]) : restoreRecord(map);
}

function restoreItems(items: unknown[]): unknown[] {
  for (let index = 0; index < items.length; index++) items[index] = restore(items[index]);
  return items;
}

function restoreRecord(entries: Iterable<[unknown, unknown]>): Record<string, unknown> {
  // Object.fromEntries and not assignment, which would take `__proto__` for something else.
  return Object.fromEntries(
    Array.from(entries, ([key, value]): [string, unknown] => [key as string, restore(value)]),
  );
}

function restoreSpecial([kind, first, second, third]: [Kind, ...unknown[]]): unknown {
  switch (kind) {
    case "undefined":
      return undefined;
    case "minus-zero":
      return -0;
    case "text":
      return (first as Buffer).toString("utf16le");
    case "bigint":
      return BigInt(first as string);
    case "date":
      return new Date(first as number);
    case "map":
      return new Map(pairs(first as unknown[]));
    case "set":
      return new Set(restoreItems(first as unknown[]));
    case "record":
      return Object.fromEntries(pairs(first as unknown[]) as [string, unknown][]);
    case "bare":
      // On what has no prototype, to assign is safe: there is no setter.
      return Object.assign(
        Object.create(null),
        Object.fromEntries(pairs(first as unknown[]) as [string, unknown][]),
      );
    case "tuple":
      return restoreTuple(first as unknown[]);
    case "ndarray":
      return new NdArray(first as Dtype, second as number[], typedArrayFrom(first as Dtype, third as Buffer));
    case "typed-array":
      return restoreTypedArray(first as string, second as Buffer);
    default:
      throw new RangeError(`expected a kind of value that this version knows, got ${String(kind)}`);
  }
}

function pairs(flat: unknown[]): [unknown, unknown][] {
  const entries: [unknown, unknown][] = [];
  for (let index = 0; index < flat.length; index += 2)
    entries.push([restore(flat[index]), restore(flat[index + 1])]);
  return entries;
}

function restoreTuple(items: readonly unknown[]): Tuple {
  const made = new Tuple();
  for (const item of items) made.push(restore(item));
  return made;
}

function restoreTypedArray(name: string, bytes: Buffer): ArrayBufferView {
  if (name === BUFFER) return Buffer.from(bytes);
  const ArrayClass = TYPED_ARRAYS[name as keyof typeof TYPED_ARRAYS];
  // A copy begins at a place where elements of any size may begin.
  return new ArrayClass(new Uint8Array(bytes).buffer);
}
