import { isDeepStrictEqual } from "node:util";
import type { DraftBag, DraftTable, TableKey } from "../store.js";
import { NO_VALUES, type Values } from "./bag-values.js";
import { BagWrites } from "./bag-writes.js";
import type { Draft } from "./draft.js";

type Entries = Iterable<readonly [TableKey, unknown]>;

/** A table of one value for each key, as the function of a transaction sees it. */
export class SetDraft implements DraftTable<TableKey, unknown> {
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  get(key: TableKey): unknown {
    return this.#draft.read(key);
  }

  getMany(keys: readonly TableKey[]): unknown[] {
    return keys.map((key) => this.get(key));
  }

  has(key: TableKey): boolean {
    return this.#draft.has(key);
  }

  put(key: TableKey, value: unknown): void {
    this.#draft.write([this.#draft.table.putting(key, value)]);
  }

  putMany(entries: Entries): void {
    this.#draft.write(Array.from(entries, ([key, value]) => this.#draft.table.putting(key, value)));
  }

  update(key: TableKey, change: (present: unknown) => unknown): unknown {
    const present = this.get(key);
    const value = this.#draft.changed(() => change(present));
    this.put(key, value);
    return value;
  }

  delete(key: TableKey): boolean {
    const isThere = this.has(key);
    this.#draft.write([this.#draft.table.deleting(key)]);
    return isThere;
  }

  compareAndSet(key: TableKey, expected: unknown, value: unknown): boolean {
    if (!isDeepStrictEqual(this.get(key), expected)) return false;
    this.put(key, value);
    return true;
  }
}

/** A bag as the function of a transaction sees it. */
export class BagDraft implements DraftBag<TableKey, unknown> {
  readonly #draft: Draft;
  readonly #writes: BagWrites;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#writes = new BagWrites(draft.table, (key) => this.get(key));
  }

  get(key: TableKey): Values {
    return (this.#draft.read(key) ?? NO_VALUES) as Values;
  }

  getMany(keys: readonly TableKey[]): Values[] {
    return keys.map((key) => this.get(key));
  }

  has(key: TableKey): boolean {
    return this.#draft.has(key);
  }

  put(key: TableKey, value: unknown): void {
    this.putMany([[key, value]]);
  }

  putMany(entries: Entries): void {
    this.#draft.write(this.#writes.adding(entries));
  }

  update(key: TableKey, change: (present: Values) => Values): Values {
    const present = this.get(key);
    const write = this.#writes.setting(
      key,
      this.#draft.changed(() => change(present)),
    );
    this.#draft.write([write]);
    return this.get(key);
  }

  delete(key: TableKey, ...value: [value?: unknown]): boolean {
    const before = this.get(key);
    const write = this.#writes.removing(key, value);
    this.#draft.write([write]);
    return before.length > 0 && write.value !== before;
  }
}
