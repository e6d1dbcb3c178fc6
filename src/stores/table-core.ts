import type { KeyPart, TableChange, TableKey } from "../store.js";
import { reportUncaught } from "../telemetry/emitter.js";
import type { StoreCore } from "./core.js";
import { Entry } from "./entry.js";
import { bytesOf } from "./entry-bytes.js";
import { Exclusive } from "./exclusive.js";
import { canonical, keptKey } from "./keys.js";
import type { TableRules } from "./options.js";
import { Rows } from "./rows.js";
import { Watchers } from "./watchers.js";
import type { Writable, Write } from "./write.js";

/** So often, in parts of its `ttl`, a table looks for what has expired; at least every second, and never before there is something. */
const LOOKS = 100;

/** A table behind what its users see: its present rows, who watches them, and the time when they expire. */
export class TableCore implements Writable {
  readonly store: StoreCore;
  readonly name: string;
  readonly rules: TableRules;
  /** Held by the function of an update. */
  readonly exclusive = new Exclusive();
  readonly watchers: Watchers;
  #rows: Rows;
  #ageing: AbortController | undefined;

  constructor(store: StoreCore, name: string, rules: TableRules) {
    this.store = store;
    this.name = name;
    this.rules = rules;
    this.watchers = new Watchers(store.name, name);
    this.#rows = new Rows(rules);
  }

  get rows(): Rows {
    return this.#rows;
  }

  /** @throws StoreError, or OptionsError, where there may be no write now. */
  check(): void {
    this.store.requireWritable();
    this.requireNoUpdate();
  }

  requireNoUpdate(): void {
    this.exclusive.check();
  }

  /** What the key has, where that is not expired. */
  fresh(found: KeyPart): Entry | undefined {
    const entry = this.#rows.get(found);
    if (entry === undefined || this.rules.ttl === undefined) return entry;
    return this.#rows.isFresh(entry, this.store.now()) ? entry : undefined;
  }

  /** What the key had then, where that was not expired: for many of them the clock is read once. */
  freshAt(found: KeyPart, now: number): Entry | undefined {
    const entry = this.#rows.get(found);
    return entry === undefined || this.#rows.isFresh(entry, now) ? entry : undefined;
  }

  /** The time, where anything depends on it; it costs more than a look-up. */
  get nowForTtl(): number {
    return this.rules.ttl === undefined ? 0 : this.store.now();
  }

  /** @throws OptionsError for what is no key, or what `sizeOf` throws. */
  putting(key: TableKey, value: unknown, steps?: Write["steps"]): Write {
    const found = canonical(key);
    const bytes = this.rules.maxBytes === undefined ? 0 : bytesOf(key, value, this.rules.sizeOf);
    return { table: this, key: keptKey(key), found, value, isGone: false, bytes, steps };
  }

  deleting(key: TableKey, steps?: Write["steps"]): Write {
    const found = canonical(key);
    return { table: this, key: keptKey(key), found, value: undefined, isGone: true, bytes: 0, steps };
  }

  apply(write: Write, writtenAt: number): Write[] {
    const { key, found, value, isGone, bytes } = write;
    const previous = this.watchers.isEmpty ? undefined : this.fresh(found);
    if (isGone) {
      this.#rows.remove(found);
      if (previous !== undefined) this.#tell({ kind: "delete", key, previous: previous.value }, found);
      return [];
    }
    const evicted = this.#rows.set(found, new Entry(key, value, writtenAt), bytes);
    const before = previous === undefined ? {} : { previous: previous.value };
    if (!this.watchers.isEmpty) this.#tell({ kind: "put", key, value, ...before }, found);
    this.#startAgeing();
    return evicted.map((entry) => this.#evicted(entry));
  }

  tidy(now: number): void {
    if (this.rules.ttl === undefined) return;
    for (const entry of this.#rows.expired(now)) this.#tellGone("expire", entry);
    this.store.forget(this.#rows.takeGone(now).map(({ key }) => this.deleting(key)));
  }

  /** Puts other rows in the place of the present ones. */
  swap(rows: Rows): void {
    this.#rows = rows;
    this.#ageing?.abort();
    this.#ageing = undefined;
    this.#startAgeing();
    this.watchers.tell({ kind: "load" }, undefined);
  }

  close(): void {
    this.#ageing?.abort();
    this.watchers.close();
  }

  #evicted(entry: Entry): Write {
    if (this.#rows.isFresh(entry, this.store.now())) this.#tellGone("evict", entry);
    return this.deleting(entry.key);
  }

  #tellGone(kind: "evict" | "expire", { key, value }: Entry): void {
    if (!this.watchers.isEmpty) this.#tell({ kind, key, previous: value }, canonical(key));
  }

  #tell(change: TableChange<TableKey, unknown>, found: KeyPart): void {
    this.watchers.tell(change, found);
  }

  /** Looks after what expires while nobody writes. */
  #startAgeing(): void {
    if (this.rules.ttl === undefined || this.#ageing !== undefined) return;
    const ageing = new AbortController();
    this.#ageing = ageing;
    this.#age(this.rules.ttl, ageing.signal).catch((error: unknown) => {
      if (!ageing.signal.aborted) reportUncaught(error);
    });
  }

  async #age(ttl: number, signal: AbortSignal): Promise<void> {
    const pause = Math.min(ttl / LOOKS, 1_000);
    for (let due = this.#rows.due; due !== undefined; due = this.#rows.due) {
      await this.store.clock.sleep(Math.max(due - this.store.now(), pause), signal);
      if (signal.aborted) return;
      this.tidy(this.store.now());
    }
    this.#ageing = undefined;
  }
}
