import { isDeepStrictEqual } from "node:util";
import { parseOptions } from "../options/parse.js";
import type {
  Aged,
  AllowExpired,
  KeyRange,
  OrderedTable,
  Table,
  TableChange,
  TableKey,
  WatchOptions,
} from "../store.js";
import { agedAt } from "./aged.js";
import { requireAllowExpired } from "./allow-expired.js";
import { asPromise } from "./exclusive.js";
import { freshEntries } from "./fresh-entries.js";
import { canonical } from "./keys.js";
import { rangeOptions, watchOptions } from "./options.js";
import type { TableCore } from "./table-core.js";
import { keepTime } from "./table-time.js";

/** A table of one value for each key, as its users see it. */
export class SetTable<Key extends TableKey, Value> implements Table<Key, Value> {
  readonly #table: TableCore;

  constructor(table: TableCore) {
    this.#table = table;
    keepTime(this, {
      now: () => table.store.now(),
      ttlMs: table.rules.ttl ?? Number.POSITIVE_INFINITY,
    });
  }

  get size(): number {
    const { rules, store } = this.#table;
    if (rules.ttl !== undefined) this.#table.tidy(store.now());
    return this.#table.rows.size;
  }

  get(key: Key): Value | undefined;
  get(key: Key, options: AllowExpired): Aged<Value> | undefined;
  get(key: Key, options?: AllowExpired): Value | Aged<Value> | undefined {
    if (options === undefined) return this.#table.fresh(canonical(key))?.value as Value | undefined;
    requireAllowExpired("get()", options);
    return this.#aged(key);
  }

  getMany(keys: readonly Key[]): (Value | undefined)[];
  getMany(keys: readonly Key[], options: AllowExpired): (Aged<Value> | undefined)[];
  getMany(keys: readonly Key[], options?: AllowExpired): (Value | Aged<Value> | undefined)[] {
    if (options === undefined) {
      const now = this.#table.nowForTtl;
      return keys.map((key) => this.#table.freshAt(canonical(key), now)?.value as Value | undefined);
    }
    requireAllowExpired("getMany()", options);
    return keys.map((key) => this.#aged(key));
  }

  #aged(key: Key): Aged<Value> | undefined {
    return agedAt(this.#table, canonical(key)) as Aged<Value> | undefined;
  }

  has(key: Key): boolean {
    return this.#table.fresh(canonical(key)) !== undefined;
  }

  fold<Result>(combine: (result: Result, value: Value, key: Key) => Result, initial: Result): Result {
    const { rows, nowForTtl: now } = this.#table;
    let result = initial;
    for (const entry of rows.scan({})) {
      if (rows.isFresh(entry, now)) result = combine(result, entry.value as Value, entry.key as Key);
    }
    return result;
  }

  scan(): IterableIterator<[Key, Value]> {
    return this.scanned({});
  }

  protected scanned(range: KeyRange<TableKey>): IterableIterator<[Key, Value]> {
    return pairs(freshEntries(this.#table, range)) as IterableIterator<[Key, Value]>;
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.scan();
  }

  watch(options: WatchOptions<Key> = {}): AsyncIterableIterator<TableChange<Key, Value>> {
    const parsed = parseOptions("watch()", watchOptions, options);
    return this.#table.watchers.watch(parsed) as AsyncIterableIterator<TableChange<Key, Value>>;
  }

  put(key: Key, value: Value): Promise<void> {
    return asPromise(this.#table, () => this.#table.store.write([this.#table.putting(key, value)]));
  }

  putMany(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    // Read to the end first: an iterable that fails half-way must not leave half of its entries.
    return asPromise(this.#table, () =>
      this.#table.store.write(Array.from(entries, ([key, value]) => this.#table.putting(key, value))),
    );
  }

  update(key: Key, change: (present: Value | undefined) => Value): Promise<Value> {
    return asPromise(this.#table, async () => {
      const table = this.#table;
      const value = table.exclusive.run("update()", "return the new value", () => change(this.get(key)));
      await table.store.write([table.putting(key, value)]);
      return value;
    });
  }

  delete(key: Key): Promise<boolean> {
    return asPromise(this.#table, async () => {
      const table = this.#table;
      const write = table.deleting(key);
      const isThere = table.fresh(write.found) !== undefined;
      if (table.rows.peek(write.found) === undefined) table.store.note(write);
      else await table.store.write([write]);
      return isThere;
    });
  }

  compareAndSet(key: Key, expected: Value | undefined, value: Value): Promise<boolean> {
    return asPromise(this.#table, async () => {
      const table = this.#table;
      if (!isDeepStrictEqual(this.get(key), expected)) return false;
      await table.store.write([table.putting(key, value)]);
      return true;
    });
  }
}

/** A table whose keys are in order, as its users see it. */
export class SortedTable<Key extends TableKey, Value>
  extends SetTable<Key, Value>
  implements OrderedTable<Key, Value>
{
  override scan(range: KeyRange<Key> = {}): IterableIterator<[Key, Value]> {
    return this.scanned(parseOptions("scan()", rangeOptions, range) as KeyRange<TableKey>);
  }
}

/** Pairs are made for who reads them: changing one does not change the table. */
function* pairs(entries: Iterable<{ key: TableKey; value: unknown }>): Generator<[TableKey, unknown]> {
  for (const { key, value } of entries) yield [key, value];
}
