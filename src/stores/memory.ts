import type { KeyPart, Table, TableDefinition, TableKey } from "../store.js";

/** Declares a table that lives in this process's memory, without a bound. */
export function table<Key extends TableKey, Value>(): TableDefinition<Key, Value> {
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
    this.#entries.set(canonical(key), [key, value]);
  }

  async putMany(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    // Read to the end first: an iterable that throws half-way must not leave half of its entries.
    for (const [key, value] of [...entries]) this.#entries.set(canonical(key), [key, value]);
  }

  async update(key: Key, change: (present: Value | undefined) => Value): Promise<Value> {
    const value = change(this.get(key));
    this.#entries.set(canonical(key), [key, value]);
    return value;
  }

  async delete(key: Key): Promise<boolean> {
    return this.#entries.delete(canonical(key));
  }

  /** The entries, in the order in which their keys were first set. */
  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#entries.values();
  }
}

/** Arrays are compared by their parts: by a text of them, marked so that no string key can be the same. */
function canonical(key: TableKey): KeyPart {
  if (!Array.isArray(key)) return key as KeyPart;
  return `\u0000${JSON.stringify(key.map(canonicalPart))}`;
}

/** JSON has no bigints, and writes NaN and the infinities alike. */
function canonicalPart(part: KeyPart): unknown {
  const isPlain = typeof part === "number" ? Number.isFinite(part) : typeof part !== "bigint";
  return isPlain ? part : { [typeof part]: String(part) };
}
