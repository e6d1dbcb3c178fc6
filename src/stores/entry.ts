import type { TableKey } from "../store.js";

/** What a table has at a key. It is replaced, never changed: who holds one reads what was there. */
export class Entry<Key extends TableKey = TableKey, Value = unknown> {
  constructor(
    readonly key: Key,
    readonly value: Value,
    /** When it was written, in milliseconds on the store's clock. */
    readonly writtenAt: number,
  ) {}
}
