import { OptionsError } from "../errors/options.js";
import type { FreshTable, KeyPart, TableKey } from "../store.js";
import { grouped, NO_VALUES, type Values } from "./bag-values.js";
import { bagWrite } from "./bag-writes.js";
import { Entry } from "./entry.js";
import { canonical } from "./keys.js";
import type { DoneWrite, Meanwhile } from "./meanwhile.js";
import { Rows } from "./rows.js";
import type { TableCore } from "./table-core.js";
import type { Write } from "./write.js";

type Entries = Iterable<readonly [TableKey, unknown]>;

/** New rows of a table, which a load fills before anybody else sees them. */
export class FreshRows {
  readonly table: TableCore;
  readonly #rows: Rows;
  /** Counts as the time of writing: what is loaded was read then, or later. */
  readonly #startedAt: number;
  /** Of a bag: the values that are gathered still, so that adding to them costs the same each time. */
  readonly #gathered = new Map<KeyPart, { readonly key: TableKey; readonly values: unknown[] }>();
  #isEnded = false;

  constructor(table: TableCore, startedAt: number) {
    this.table = table;
    this.#rows = new Rows(table.rules);
    this.#startedAt = startedAt;
  }

  /** What the function of the load gets of it. */
  get filled(): FreshTable<TableKey, unknown> {
    const put = (key: TableKey, value: unknown): void => this.#putMany([[key, value]]);
    return Object.freeze({ put, putMany: (entries: Entries) => this.#putMany(entries) });
  }

  /** Ends the filling. Gives back the rows, with what was written meanwhile done again. */
  end(meanwhile: Meanwhile): Rows {
    this.#isEnded = true;
    for (const { key, values } of this.#gathered.values()) {
      this.#set(this.table.putting(key, values), this.#startedAt);
    }
    this.#redo(meanwhile.of(this.table));
    return this.#rows;
  }

  #putMany(entries: Entries): void {
    if (this.#isEnded)
      throw new OptionsError("load()", ["expected the tables to be filled before the function ends"]);
    if (this.table.rules.kind === "bag") this.#gather(entries);
    else for (const [key, value] of entries) this.#set(this.table.putting(key, value), this.#startedAt);
  }

  #gather(entries: Entries): void {
    for (const { key, added } of grouped(entries)) {
      const present = this.#gathered.get(canonical(key));
      if (present === undefined) this.#gathered.set(canonical(key), { key, values: added });
      else for (const value of added) present.values.push(value);
    }
  }

  #redo(done: readonly DoneWrite[]): void {
    const again = done.map((each) => ({ ...each, write: this.#again(each.write) }));
    for (const { write, writtenAt, isAnew } of again) {
      if (isAnew) this.#rows.remove(write.found);
      this.#set(write, writtenAt);
    }
    // They have the places now in which their keys were first set. Ages and uses come in the order of the last writes.
    for (const { write, writtenAt } of again.sort((a, b) => a.turn - b.turn)) this.#set(write, writtenAt);
  }

  #again(write: Write): Write {
    const { key, found, steps } = write;
    if (steps === undefined) return write;
    return bagWrite(this.table, key, (this.#rows.peek(found)?.value ?? NO_VALUES) as Values, steps);
  }

  /** What has to go for it is gone without a word: it was never seen. */
  #set({ key, found, value, isGone, bytes }: Write, writtenAt: number): void {
    if (isGone) this.#rows.remove(found);
    else this.#rows.set(found, new Entry(key, value, writtenAt), bytes);
  }
}
