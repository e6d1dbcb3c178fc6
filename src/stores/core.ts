import type { Clock } from "../clock.js";
import { StoreError } from "../errors/store.js";
import { show } from "../options/parse.js";
import type { StoredChange, StoreJournal } from "../store.js";
import { Exclusive } from "./exclusive.js";
import type { Meanwhile } from "./meanwhile.js";
import type { Write } from "./write.js";

/** What the tables of a store share: its time, its journal, and whether it takes writes. */
export class StoreCore {
  readonly name: string;
  readonly clock: Clock;
  /** Held by the function of a transaction. */
  readonly exclusive = new Exclusive();
  /** The writes since a load began; undefined while there is none. */
  meanwhile: Meanwhile | undefined;
  readonly #journal: StoreJournal | undefined;
  #latest = Number.NEGATIVE_INFINITY;
  #failure: { readonly cause: unknown } | undefined;
  #closing: Promise<void> | undefined;

  constructor(name: string, clock: Clock, journal: StoreJournal | undefined) {
    this.name = name;
    this.clock = clock;
    this.#journal = journal;
  }

  /** The time. It never goes back, so that entries come in the order of their ages. */
  now(): number {
    const now = this.clock.now();
    if (now > this.#latest) this.#latest = now;
    return this.#latest;
  }

  /** @throws StoreError (`closed`, `write-failed`); OptionsError within the function of a transaction. */
  requireWritable(): void {
    this.exclusive.check();
    if (this.#closing !== undefined)
      throw new StoreError(this.name, "closed", "expected it to be open, got a write after close()");
    if (this.#failure === undefined) return;
    const { cause } = this.#failure;
    const message = `takes no more writes, because one could not be kept (${this.#why(cause)}); close it and open it again`;
    throw new StoreError(this.name, "write-failed", message, cause);
  }

  /**
   * Does all of these writes, or none: they are visible when this returns, and kept when its promise resolves.
   *
   * @throws StoreError, OptionsError, or what is wrong with a value that cannot be kept.
   */
  write(writes: readonly Write[]): Promise<void> {
    this.requireWritable();
    for (const { table } of writes) table.requireNoUpdate();
    if (writes.length === 0) return DONE;
    const writtenAt = this.now();
    // First: what is forgotten may be what is written now.
    for (const { table } of writes) table.tidy(writtenAt);
    const kept = this.keep(() => writes.map((write) => storedChange(write, writtenAt)));
    const evicted = writes.flatMap((write) => write.table.apply(write, writtenAt));
    for (const write of writes) this.meanwhile?.add(write, writtenAt);
    this.forget(evicted);
    return kept;
  }

  /** Remembers a write that changed nothing, for a load that is running. */
  note(write: Write): void {
    this.meanwhile?.add(write, this.now());
  }

  /** Takes out of the journal what tables have let go by themselves, where that did not come back since. */
  forget(gone: readonly Write[]): void {
    if (this.#journal === undefined || this.#failure !== undefined || this.#closing !== undefined) return;
    const forgotten = gone.filter(({ table, found }) => table.rows.peek(found) === undefined);
    if (forgotten.length === 0) return;
    const commit = async () => await this.#journal?.commit(forgotten.map((write) => storedChange(write, 0)));
    // Nobody waits for it; the next write is told of a failure.
    this.#kept(commit()).catch(() => {});
  }

  /** Gives changes to the journal. @throws what is wrong with a value that cannot be kept. */
  keep(changes: () => readonly StoredChange[]): Promise<void> {
    if (this.#journal === undefined) return DONE;
    return this.#kept(this.#journal.commit(changes()));
  }

  async #kept(commit: Promise<void>): Promise<void> {
    try {
      await commit;
    } catch (error) {
      this.#failure ??= { cause: error };
      const message = `a write could not be kept (${this.#why(error)}); memory has it, and the store takes no more writes until it is opened again`;
      throw new StoreError(this.name, "write-failed", message, error);
    }
  }

  #why(cause: unknown): string {
    const why = cause instanceof Error ? cause.message : show(cause);
    // A journal that throws a StoreError has named the store, too.
    return why.replace(`store ${this.name}: `, "");
  }

  close(tables: readonly { close(): void }[]): Promise<void> {
    this.#closing ??= this.#close(tables);
    return this.#closing;
  }

  async #close(tables: readonly { close(): void }[]): Promise<void> {
    for (const table of tables) table.close();
    await this.#journal?.close();
  }
}

const DONE = Promise.resolve();

function storedChange({ table, key, value, isGone }: Write, writtenAt: number): StoredChange {
  return isGone
    ? { kind: "delete", table: table.name, key }
    : { kind: "put", table: table.name, key, value, writtenAt };
}
