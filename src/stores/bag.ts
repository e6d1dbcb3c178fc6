import { parseOptions } from "../options/parse.js";
import type { BagTable, TableChange, TableKey, WatchOptions } from "../store.js";
import { NO_VALUES } from "./bag-values.js";
import { BagWrites } from "./bag-writes.js";
import { asPromise } from "./exclusive.js";
import { canonical } from "./keys.js";
import { watchOptions } from "./options.js";
import type { TableCore } from "./table-core.js";

/** A table of several values for each key, as its users see it. */
export class Bag<Key extends TableKey, Value> implements BagTable<Key, Value> {
  readonly #table: TableCore;
  readonly #writes: BagWrites;

  constructor(table: TableCore) {
    this.#table = table;
    this.#writes = new BagWrites(table, (key) => this.get(key as Key));
  }

  get size(): number {
    return this.#table.rows.size;
  }

  get(key: Key): readonly Value[] {
    return (this.#table.fresh(canonical(key))?.value ?? NO_VALUES) as readonly Value[];
  }

  getMany(keys: readonly Key[]): (readonly Value[])[] {
    return keys.map((key) => this.get(key));
  }

  has(key: Key): boolean {
    return this.#table.fresh(canonical(key)) !== undefined;
  }

  scan(): IterableIterator<[Key, Value]> {
    return pairs(this.#table.rows.all()) as IterableIterator<[Key, Value]>;
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.scan();
  }

  fold<Result>(combine: (result: Result, value: Value, key: Key) => Result, initial: Result): Result {
    let result = initial;
    for (const { key, value } of this.#table.rows.all()) {
      for (const each of value as readonly Value[]) result = combine(result, each, key as Key);
    }
    return result;
  }

  watch(options: WatchOptions<Key> = {}): AsyncIterableIterator<TableChange<Key, readonly Value[]>> {
    const parsed = parseOptions("watch()", watchOptions, options);
    return this.#table.watchers.watch(parsed) as AsyncIterableIterator<TableChange<Key, readonly Value[]>>;
  }

  put(key: Key, value: Value): Promise<void> {
    return this.putMany([[key, value]]);
  }

  putMany(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    return asPromise(this.#table, () => this.#table.store.write(this.#writes.adding(entries)));
  }

  update(key: Key, change: (present: readonly Value[]) => readonly Value[]): Promise<readonly Value[]> {
    return asPromise(this.#table, async () => {
      const { exclusive, store } = this.#table;
      const made = exclusive.run("update()", "return the new values", () => change(this.get(key)));
      const write = this.#writes.setting(key, made);
      await store.write([write]);
      return (write.value ?? NO_VALUES) as readonly Value[];
    });
  }

  delete(key: Key, ...value: [value?: Value]): Promise<boolean> {
    return asPromise(this.#table, async () => {
      const { store } = this.#table;
      const before = this.get(key);
      const write = this.#writes.removing(key, value);
      if (write.value === before || before.length === 0) {
        store.note(write);
        return false;
      }
      await store.write([write]);
      return true;
    });
  }
}

function* pairs(entries: Iterable<{ key: TableKey; value: unknown }>): Generator<[TableKey, unknown]> {
  for (const { key, value } of entries) {
    const values = value as readonly unknown[];
    // By their places: an iterator for each key would cost more than what it gives.
    for (let place = 0; place < values.length; place += 1) yield [key, values[place]];
  }
}
