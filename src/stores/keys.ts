import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { KeyPart, TableKey } from "../store.js";

/** What marks the text of an array key; a string key that begins like it gets another before it. */
const ARRAY_MARK = "\u0000";

/** What a key is found by in a Map: itself where that is a scalar, and for an array a text of its parts that no string key has. @throws OptionsError for what is no key. */
export function canonical(key: TableKey): KeyPart {
  if (typeof key === "string") return key.charCodeAt(0) === 0 ? ARRAY_MARK + key : key;
  if (typeof key === "number") return key;
  if (Array.isArray(key)) return `${ARRAY_MARK}${JSON.stringify(key.map(canonicalPart))}`;
  requireScalar(key);
  return key as KeyPart;
}

/** JSON has no bigints, and writes NaN and the infinities alike. */
function canonicalPart(part: KeyPart): unknown {
  requireScalar(part);
  const isPlain = typeof part === "number" ? Number.isFinite(part) : typeof part !== "bigint";
  return isPlain ? part : { [typeof part]: String(part) };
}

const SCALARS = ["string", "number", "bigint", "boolean"];

export function isKeyPart(value: unknown): value is KeyPart {
  return SCALARS.includes(typeof value);
}

export function isKey(value: unknown): value is TableKey {
  return Array.isArray(value) ? value.every(isKeyPart) : isKeyPart(value);
}

/** Anything else would be found by its identity, or be taken for another: an object is no other object, and null would be undefined. */
function requireScalar(part: unknown): void {
  if (isKeyPart(part)) return;
  const expected = "expected a key to be a string, number, bigint, boolean, or an array of these";
  throw new OptionsError("table", [`${expected}, got ${show(part)}`]);
}

/** A key to keep: an array is copied, because the caller may go on to change it. */
export function keptKey<Key extends TableKey>(key: Key): Key {
  return (Array.isArray(key) ? Object.freeze([...key]) : key) as Key;
}

/** Comes after all keys that begin with a prefix, and before all others that come after it. */
export class AfterPrefix {
  constructor(readonly prefix: string | readonly KeyPart[]) {}
}

/** Stands for NaN in a tree, which compares a key with itself to see whether it was replaced. */
class NotANumber {
  readonly isNotANumber = true;
}

const NOT_A_NUMBER = new NotANumber();

/** A place in the order of keys. */
export type Place = TableKey | AfterPrefix | NotANumber;

/** Where a key stands in the order. */
export function placeOf(key: TableKey): Place {
  return typeof key === "number" && Number.isNaN(key) ? NOT_A_NUMBER : key;
}

/** Below 0 where `a` comes before `b`; 0 where they are one place. */
export function comparePlaces(a: Place, b: Place): number {
  if (a instanceof NotANumber) return comparePlaces(Number.NaN, b);
  if (b instanceof NotANumber) return comparePlaces(a, Number.NaN);
  if (a instanceof AfterPrefix) return b instanceof AfterPrefix ? 0 : -compareWithPrefix(b, a.prefix);
  return b instanceof AfterPrefix ? compareWithPrefix(a, b.prefix) : compareKeys(a, b);
}

function compareWithPrefix(key: TableKey, prefix: string | readonly KeyPart[]): number {
  return beginsWith(key, prefix) ? -1 : compareKeys(key, prefix);
}

export function beginsWith(key: TableKey, prefix: string | readonly KeyPart[]): boolean {
  if (typeof prefix === "string") return typeof key === "string" && key.startsWith(prefix);
  return (
    Array.isArray(key) &&
    key.length >= prefix.length &&
    prefix.every((part, index) => compareParts(part, (key as readonly KeyPart[])[index] as KeyPart) === 0)
  );
}

function compareKeys(a: TableKey, b: TableKey): number {
  if (typeof a !== "object") return typeof b === "object" ? -1 : compareParts(a, b);
  if (typeof b !== "object") return 1;
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const order = compareParts(a[index] as KeyPart, b[index] as KeyPart);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const RANKS: Readonly<Record<string, number>> = { boolean: 0, number: 1, bigint: 1, string: 2 };

function compareParts(a: KeyPart, b: KeyPart): number {
  if (typeof a === typeof b) {
    if (a < b) return -1;
    if (a > b) return 1;
    // One of them may be NaN, which is equal to itself here, as in a Map.
    return a === b ? 0 : Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  }
  const order = (RANKS[typeof a] as number) - (RANKS[typeof b] as number);
  return order === 0 ? compareNumberKinds(a as number | bigint, b as number | bigint) : order;
}

/** 1 and 1n are two keys, the number first. NaN comes before all numbers. */
function compareNumberKinds(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return typeof a === "number" ? -1 : 1;
}
