/**
 * The table contract: shared state on the Node side. Reads are synchronous, writes are promises that resolve when the table has the value for good;
 * a write is visible to reads of this process at once. What ships: `stores/` (in memory, or in memory and on disk), and `RemoteTable` for
 * state that several Node processes share.
 */

/** A part of a key. */
export type KeyPart = string | number | bigint | boolean;

/** What a value is found by: a scalar, or an array of scalars, which is the same key as another array with the same parts. */
export type TableKey = KeyPart | readonly KeyPart[];

/** A value with its age. */
export interface Aged<Value> {
  readonly value: Value;
  /** How long ago it was written, in milliseconds; of a remote table, it may be a little less. */
  readonly ageMs: number;
  /** Whether it is as old as the table's `ttl`, or older. */
  readonly isExpired: boolean;
}

/** Asks for a value also when it is expired: until bounds push it out, or it is twice as old as the table's `ttl`. */
export interface AllowExpired {
  readonly allowExpired: true;
}

/** What can be read of every kind of table that lives in this process. An expired value is not there, except where it is asked for. */
interface Readable<Key extends TableKey, Value> extends Iterable<[Key, Value]> {
  /** The value, or undefined. */
  get(key: Key): Value | undefined;
  /** The value with its age, also when it is expired. */
  get(key: Key, options: AllowExpired): Aged<Value> | undefined;

  /** The values of several keys, in their order; undefined where there is none. */
  getMany(keys: readonly Key[]): (Value | undefined)[];
  /** The same with their ages, also of those that are expired. */
  getMany(keys: readonly Key[], options: AllowExpired): (Aged<Value> | undefined)[];

  has(key: Key): boolean;

  /** How many entries there are that are not expired. */
  readonly size: number;

  /** Goes through all entries: what `combine` makes of the last result and each of them. */
  fold<Result>(combine: (result: Result, value: Value, key: Key) => Result, initial: Result): Result;
}

/** A table of one value for each key. */
export interface Table<Key extends TableKey, Value> extends Readable<Key, Value>, Watched<Key, Value> {
  /**
   * The entries, in the order in which their keys were first set; of a table with bounds, from that on which was not used for the longest time; after a restart, as the backend gives
   * them. Those that are written while it goes on may be there or not; each that is there all the time comes once. A scan that has begun goes on with its version when the store is loaded anew.
   */
  scan(): IterableIterator<[Key, Value]>;

  /** Sets a value. Rejects, as all writes do, with a StoreError (`closed`, `write-failed`). */
  put(key: Key, value: Value): Promise<void>;

  /** Sets several values at once: no reader sees some without the others. */
  putMany(entries: Iterable<readonly [Key, Value]>): Promise<void>;

  /**
   * Sets the value that `change` makes of the present one (undefined when there is none), and gives it back. Nothing comes between reading and
   * writing. When `change` throws, nothing is changed and the promise rejects with what it threw; with an OptionsError when it returns a promise, or writes to this table
   * itself.
   */
  update(key: Key, change: (present: Value | undefined) => Value): Promise<Value>;

  /** Takes a value out; gives back whether there was one. */
  delete(key: Key): Promise<boolean>;

  /**
   * Sets a value where the present one equals `expected` (`undefined`: there is none), compared as `node:util` `isDeepStrictEqual` does; gives back
   * whether it did.
   */
  compareAndSet(key: Key, expected: Value | undefined, value: Value): Promise<boolean>;
}

/** A part of an ordered table. */
export interface KeyRange<Key extends TableKey> {
  /** The first key. */
  readonly from?: Key | undefined;
  /** The key to end before. */
  readonly to?: Key | undefined;
  /** What keys begin with: the first characters of a text, or the first parts of an array. */
  readonly prefix?: string | readonly KeyPart[] | undefined;
  /** From the last to the first. */
  readonly reverse?: boolean | undefined;
  /** At most so many. */
  readonly limit?: number | undefined;
}

/**
 * A table whose keys are in order: booleans, then numbers (NaN first; bigints among them, 1 before 1n), then text by its code units, then arrays, which are compared part by part;
 * one that another begins with comes before it.
 */
export interface OrderedTable<Key extends TableKey, Value> extends Table<Key, Value> {
  /** The entries of a part, in the order of their keys, as they are at this call: what is written afterwards does not change it. */
  scan(range?: KeyRange<Key>): IterableIterator<[Key, Value]>;
}

/** A table of several values for each key, in the order in which they were put. An array that it gives never changes: a write makes another. */
export interface BagTable<Key extends TableKey, Value>
  extends Watched<Key, readonly Value[]>,
    Iterable<[Key, Value]> {
  /** The values of a key; empty when there is none. */
  get(key: Key): readonly Value[];
  getMany(keys: readonly Key[]): (readonly Value[])[];
  has(key: Key): boolean;
  /** How many values there are, of all keys. */
  readonly size: number;
  scan(): IterableIterator<[Key, Value]>;
  fold<Result>(combine: (result: Result, value: Value, key: Key) => Result, initial: Result): Result;
  /** Adds a value to those of a key. */
  put(key: Key, value: Value): Promise<void>;
  /** Adds several values at once. */
  putMany(entries: Iterable<readonly [Key, Value]>): Promise<void>;
  /** Sets the values that `change` makes of the present ones; none: the key is gone. */
  update(key: Key, change: (present: readonly Value[]) => readonly Value[]): Promise<readonly Value[]>;
  /** Takes all values of a key out, or the first that equals `value`; gives back whether there was one. */
  delete(key: Key, ...value: [value?: Value]): Promise<boolean>;
}

/** One change of a table. */
export interface TableChange<Key extends TableKey, Value> {
  /**
   * `put` and `delete`: somebody wrote; `expire`: it became as old as the table's `ttl`; `evict`: the table was full; `load`: the store was loaded anew, and everything
   * may be different (without a key). Of what was expired already, only a `put` is told.
   */
  readonly kind: "put" | "delete" | "expire" | "evict" | "load";
  readonly key?: Key;
  /** Of `put`: the new value. */
  readonly value?: Value;
  /** What it was before, where there was something. */
  readonly previous?: Value;
}

export interface WatchOptions<Key extends TableKey> {
  /** Only changes of this key; `load` always comes. */
  readonly key?: Key | undefined;
  /** Ends the iteration when aborted. */
  readonly signal?: AbortSignal | undefined;
}

interface Watched<Key extends TableKey, Value> {
  /**
   * The changes from this call on, in their order. A watcher that is behind by more than 10,000 changes is told so: its iteration throws a StoreError (`behind`).
   */
  watch(options?: WatchOptions<Key>): AsyncIterableIterator<TableChange<Key, Value>>;
}

/** A change as a backend keeps it. `value` is whatever the user put; of a bag: all values of the key. */
export type StoredChange =
  | {
      readonly kind: "put";
      readonly table: string;
      readonly key: TableKey;
      readonly value: unknown;
      /** When it was written, in milliseconds since 1970. */
      readonly writtenAt: number;
    }
  | { readonly kind: "delete"; readonly table: string; readonly key: TableKey }
  /** Takes everything out of a table. */
  | { readonly kind: "clear"; readonly table: string };

/** One entry as it was kept. */
export interface StoredEntry {
  readonly table: string;
  readonly key: TableKey;
  readonly value: unknown;
  readonly writtenAt: number;
}

/** Keeps what a store holds beyond the life of this process. The tables themselves live in memory; a backend is told of every change. */
export interface StoreBackend {
  /** In words, for errors: `durable`. */
  readonly name: string;
  /**
   * Called once for each store. Keeps a second process from opening the same.
   *
   * @throws StoreError when it cannot be opened.
   */
  open(store: string, tables: readonly string[]): StoreJournal;
}

/** The record of one store's changes. */
export interface StoreJournal {
  /** Everything that was kept, in the order in which it was written; read once, when the store is opened. */
  entries(): Iterable<StoredEntry>;
  /**
   * Keeps all of these changes or none. Resolves when they outlive the process, however it ends. Commits are kept in the order of the calls; `value` may not be changed after
   * the call, and is read before it returns.
   *
   * When it rejects, memory and what is kept may differ, and the store takes no more writes.
   *
   * @throws at once, not as a rejection, what is wrong with a value that it cannot keep: then nothing is changed, in memory neither, and the store goes on. Nothing else may be thrown: an
   * error of the disk, after which nobody knows what is kept, is a rejection.
   */
  commit(changes: readonly StoredChange[]): Promise<void>;
  /** Resolves when every commit has ended and the store can be opened again. */
  close(): Promise<void>;
}

/** What makes a table of a store. Made by `table()`, `orderedTable()` and `bagTable()`. */
export interface TableDefinition<Opened, Drafted = unknown, Fresh = unknown> {
  readonly kind: "set" | "ordered" | "bag";
  /** The type of the table that it makes; there is no such field. */
  readonly opened?: Opened;
  /** The type of its draft in a transaction; there is no such field. */
  readonly drafted?: Drafted;
  /** The type of the empty table that a load fills; there is no such field. */
  readonly fresh?: Fresh;
}

/** A table within a transaction: reads see what was written before in it, and everything is done at once, or never was. */
export interface DraftTable<Key extends TableKey, Value> {
  get(key: Key): Value | undefined;
  getMany(keys: readonly Key[]): (Value | undefined)[];
  has(key: Key): boolean;
  put(key: Key, value: Value): void;
  putMany(entries: Iterable<readonly [Key, Value]>): void;
  update(key: Key, change: (present: Value | undefined) => Value): Value;
  delete(key: Key): boolean;
  compareAndSet(key: Key, expected: Value | undefined, value: Value): boolean;
}

/** The same of a bag. */
export interface DraftBag<Key extends TableKey, Value> {
  get(key: Key): readonly Value[];
  getMany(keys: readonly Key[]): (readonly Value[])[];
  has(key: Key): boolean;
  put(key: Key, value: Value): void;
  putMany(entries: Iterable<readonly [Key, Value]>): void;
  update(key: Key, change: (present: readonly Value[]) => readonly Value[]): readonly Value[];
  delete(key: Key, ...value: [value?: Value]): boolean;
}

/** An empty table that a load fills. Nobody reads it before the load has ended. */
export interface FreshTable<Key extends TableKey, Value> {
  put(key: Key, value: Value): void;
  putMany(entries: Iterable<readonly [Key, Value]>): void;
}

/** A table that other processes see as well, on a server: the names are those of `Table`, and everything is a promise. */
export interface RemoteTable<Key extends TableKey, Value> {
  /** The value, or undefined; with a local cache, one that is at most its `maxAge` old. */
  get(key: Key): Promise<Value | undefined>;
  get(key: Key, options: AllowExpired): Promise<Aged<Value> | undefined>;
  getMany(keys: readonly Key[]): Promise<(Value | undefined)[]>;
  getMany(keys: readonly Key[], options: AllowExpired): Promise<(Aged<Value> | undefined)[]>;
  has(key: Key): Promise<boolean>;
  size(): Promise<number>;
  /** The entries, in no order. Those that are written meanwhile may be there or not; each that is there all the time comes once. */
  scan(): AsyncIterableIterator<[Key, Value]>;
  put(key: Key, value: Value): Promise<void>;
  /** Sets several values at once: no reader of the server sees some without the others. */
  putMany(entries: Iterable<readonly [Key, Value]>): Promise<void>;
  /** As in `Table`; `change` is called again when somebody else has written meanwhile. */
  update(key: Key, change: (present: Value | undefined) => Value): Promise<Value>;
  delete(key: Key): Promise<boolean>;
  compareAndSet(key: Key, expected: Value | undefined, value: Value): Promise<boolean>;
}
