/**
 * The table contract: shared state on the Node side. Reads are synchronous, writes are promises that resolve when the table has the value for good;
 * a write is visible to reads of this process at once. What ships: `stores/memory`.
 */
export interface Table<Key extends TableKey, Value> extends Iterable<[Key, Value]> {
  /** The value, or undefined. */
  get(key: Key): Value | undefined;

  /** The values of several keys, in their order; undefined where there is none. */
  getMany(keys: readonly Key[]): (Value | undefined)[];

  /** Sets a value. */
  put(key: Key, value: Value): Promise<void>;

  /** Sets several values at once: no reader sees some without the others. */
  putMany(entries: Iterable<readonly [Key, Value]>): Promise<void>;

  /**
   * Sets the value that `change` makes of the present one (undefined when there is none), and gives it back. Nothing comes between reading and
   * writing. When `change` throws, nothing is changed and the promise rejects with what it threw.
   */
  update(key: Key, change: (present: Value | undefined) => Value): Promise<Value>;

  /** Takes a value out; gives back whether there was one. */
  delete(key: Key): Promise<boolean>;

  /** How many values there are. */
  readonly size: number;
}

/** A part of a key. */
export type KeyPart = string | number | bigint | boolean;

/** What a value is found by: a scalar, or an array of scalars, which is the same key as another array with the same parts. */
export type TableKey = KeyPart | readonly KeyPart[];

/** What makes a table, once for each store that has it. Made by `table()`. */
export interface TableDefinition<Key extends TableKey, Value> {
  open(): Table<Key, Value>;
}
