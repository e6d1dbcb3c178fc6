import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { KeyPart, Table, TableDefinition, TableKey } from "../store.js";

/** Declares a table that lives in this process's memory, without a bound. It takes no options. @throws OptionsError when it is given any. */
export function table<Key extends TableKey, Value>(
  ...options: readonly never[]
): TableDefinition<Key, Value> {
  if (options.length > 0) throw new OptionsError("table()", [`expected no options, got ${show(options[0])}`]);
  return { open: () => new MemoryTable<Key, Value>() };
}

/** A table in this process's memory. Writes are done when the call returns; their promises are resolved already. */
export class MemoryTable<Key extends TableKey, Value> implements Table<Key, Value> {
  readonly #entries = new Map<KeyPart, [Key, Value]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(canonical(key))?.[1];
  }

  getMany(keys: readonly Key[]): (Value | undefined)[] {
    return keys.map((key) => this.get(key));
  }

  async put(key: Key, value: Value): Promise<void> {
    this.#set(key, value);
  }

  async putMany(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    // Read to the end first: an iterable that fails half-way must not leave half of its entries.
    const read = Array.from(entries, ([key, value]) => [key, value] as const);
    for (const [key, value] of read) this.#set(key, value);
  }

  async update(key: Key, change: (present: Value | undefined) => Value): Promise<Value> {
    const value = change(this.get(key));
    this.#set(key, value);
    return value;
  }

  async delete(key: Key): Promise<boolean> {
    return this.#entries.delete(canonical(key));
  }

  /** The entries, in the order in which their keys were first set. */
  *[Symbol.iterator](): IterableIterator<[Key, Value]> {
    for (const [key, value] of this.#entries.values()) yield [key, value];
  }

  #set(key: Key, value: Value): void {
    // An array is copied: the caller may go on to change it.
    const kept = (Array.isArray(key) ? [...key] : key) as Key;
    this.#entries.set(canonical(key), [kept, value]);
  }
}

/** What marks the text of an array key; a string key that begins like it gets another before it. */
const ARRAY_MARK = "\u0000";

/** Arrays are compared by their parts: by a text of them that no string key has. */
function canonical(key: TableKey): KeyPart {
  if (Array.isArray(key)) return `${ARRAY_MARK}${JSON.stringify(key.map(canonicalPart))}`;
  requireScalar(key);
  return typeof key === "string" && key.startsWith(ARRAY_MARK) ? ARRAY_MARK + key : (key as KeyPart);
}

/** JSON has no bigints, and writes NaN and the infinities alike. */
function canonicalPart(part: KeyPart): unknown {
  requireScalar(part);
  const isPlain = typeof part === "number" ? Number.isFinite(part) : typeof part !== "bigint";
  return isPlain ? part : { [typeof part]: String(part) };
}

const SCALARS = ["string", "number", "bigint", "boolean"];

/** Anything else would be found by its identity, or be taken for another: an object is no other object, and null would be undefined. */
function requireScalar(part: unknown): void {
  if (SCALARS.includes(typeof part)) return;
  const expected = "expected a key to be a string, number, bigint, boolean, or an array of these";
  throw new OptionsError("table", [`${expected}, got ${show(part)}`]);
}
