import type { Database, RootDatabase } from "lmdb";
import { StoreError } from "../../errors/store.js";
import type { StoredChange, StoredEntry, StoreJournal } from "../../store.js";
import { packRecord, placeOf, sequenceOf, unpackRecord } from "./record.js";

/** The entries of one table, by the place of their key. */
export type Entries = Database<Buffer, Buffer>;

export interface JournalParts {
  readonly store: string;
  readonly path: string;
  readonly root: RootDatabase;
  readonly tables: ReadonlyMap<string, Entries>;
  /** Lets go of what keeps others out. */
  release(): void;
}

/** One change, as bytes. */
type Write = (tables: ReadonlyMap<string, Entries>) => unknown;

/** A store in LMDB: a database for each table. Every commit is one transaction, which is on the disk before it is told as done. */
export class LmdbJournal implements StoreJournal {
  readonly #parts: JournalParts;
  /** Of the next write. Entries that were read before it have smaller ones. */
  #sequence = 0;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    for (const { sequence } of this.#places()) this.#sequence = Math.max(this.#sequence, sequence + 1);
  }

  *entries(): Iterable<StoredEntry> {
    // Their places are sorted and not they themselves: values may be large.
    const places = [...this.#places()].sort((one, other) => one.sequence - other.sequence);
    for (const { table, place } of places) {
      const record = this.#parts.tables.get(table)?.get(place);
      if (record !== undefined) yield this.#read(table, record);
    }
  }

  commit(changes: readonly StoredChange[]): Promise<void> {
    // Throws at once, before anything is written.
    return this.#write(changes.map((change) => this.#writeOf(change)));
  }

  async #write(writes: readonly Write[]): Promise<void> {
    const { root, tables, store } = this.#parts;
    if (this.#closing !== undefined)
      throw new StoreError(store, "closed", "it was closed, and keeps no more changes");
    if (writes.length === 0) return;
    const written = root.batch(() => {
      for (const write of writes) write(tables);
    });
    this.#running.add(written);
    try {
      await written;
    } catch (error) {
      throw await this.#writeFailed(error);
    } finally {
      this.#running.delete(written);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.#parts.release();
    await this.#parts.root.close();
  }

  #writeOf(change: StoredChange): Write {
    const { table } = change;
    if (change.kind === "clear") return (tables) => tables.get(table)?.clearAsync();
    const place = placeOf(change.key);
    if (change.kind === "delete") return (tables) => tables.get(table)?.remove(place);
    const record = packRecord(this.#sequence++, change);
    return (tables) => tables.get(table)?.put(place, record);
  }

  *#places(): Iterable<{ table: string; place: Buffer; sequence: number }> {
    for (const [table, entries] of this.#parts.tables) {
      for (const { key, value } of entries.getRange({}))
        yield { table, place: Buffer.from(key), sequence: sequenceOf(value) };
    }
  }

  #read(table: string, record: Buffer): StoredEntry {
    try {
      return unpackRecord(table, record);
    } catch (error) {
      const { store, path } = this.#parts;
      const what = `an entry of table ${table} in ${path} cannot be read: ${(error as Error).message}`;
      throw new StoreError(store, "open-failed", what, error);
    }
  }

  async #writeFailed(error: unknown): Promise<StoreError> {
    // LMDB tells the reason by a promise of its own, which rejects with it.
    const told = (error as { commitError?: Promise<never> }).commitError;
    const cause = told === undefined ? error : await told.catch((reason: unknown) => reason);
    const { store, path } = this.#parts;
    return new StoreError(
      store,
      "write-failed",
      `${path} cannot be written: ${(cause as Error).message}`,
      cause,
    );
  }
}
