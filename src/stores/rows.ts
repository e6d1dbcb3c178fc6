import type { KeyPart, KeyRange, TableKey } from "../store.js";
import { Ages } from "./ages.js";
import { BoundedEntries, type Entries, UnboundedEntries } from "./entries.js";
import type { Entry } from "./entry.js";
import { canonical } from "./keys.js";
import type { TableRules } from "./options.js";
import { Order } from "./order.js";

const NONE: readonly Entry[] = [];

/** What a table holds: one version of it. When a store is loaded anew its tables get others, and who reads the old ones goes on with them. */
export class Rows {
  readonly #entries: Entries;
  readonly #order: Order | undefined;
  readonly #ages: Ages | undefined;
  readonly #countOf: ((value: unknown) => number) | undefined;
  #count = 0;

  constructor({
    kind,
    ttl,
    maxEntries = Number.POSITIVE_INFINITY,
    maxBytes = Number.POSITIVE_INFINITY,
  }: TableRules) {
    const isBounded = Number.isFinite(maxEntries) || Number.isFinite(maxBytes);
    this.#order = kind === "ordered" ? new Order() : undefined;
    this.#ages = ttl === undefined ? undefined : new Ages(ttl);
    this.#entries = isBounded
      ? new BoundedEntries({ entries: maxEntries, bytes: maxBytes })
      : new UnboundedEntries();
    this.#countOf = kind === "bag" ? (value) => (value as readonly unknown[]).length : undefined;
  }

  /** The entry, also where it is expired, for someone who uses it. */
  get(found: KeyPart): Entry | undefined {
    return this.#entries.get(found);
  }

  /** The entry, without that counting as a use. */
  peek(found: KeyPart): Entry | undefined {
    return this.#entries.peek(found);
  }

  isFresh(entry: Entry, now: number): boolean {
    return this.#ages === undefined || this.#ages.isFresh(entry, now);
  }

  isGone(entry: Entry, now: number): boolean {
    return this.#ages?.isGone(entry, now) === true;
  }

  /** The values in it, but for those that are known to be expired. */
  get size(): number {
    return this.#countOf === undefined ? this.#entries.size - (this.#ages?.expired ?? 0) : this.#count;
  }

  /** All entries: in the order in which their keys were first set; of a table with bounds, in that of their last use. */
  all(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** The entries of a part of an ordered table; of any other, all. */
  scan(range: KeyRange<TableKey>): IterableIterator<Entry> {
    return this.#order === undefined ? this.all() : this.#order.scan(range);
  }

  /** Sets an entry. Gives back those that had to go for it: itself, when it is larger than the table. */
  set(found: KeyPart, entry: Entry, bytes: number): readonly Entry[] {
    if (this.#ages !== undefined) {
      this.#ages.remove(found);
      this.#ages.add(found, entry);
    }
    if (this.#countOf !== undefined) this.#count += this.#countOf(entry.value) - this.#countAt(found);
    this.#order?.set(entry);
    this.#entries.set(found, entry, bytes);
    if (!this.#entries.isOver) return NONE;
    return this.#entries.takes(bytes) ? this.#makeRoom() : [this.remove(found) as Entry];
  }

  /** Expired entries go first: that somebody reads one again and again must not push out what is there still. */
  #makeRoom(): Entry[] {
    const gone: Entry[] = [];
    while (this.#entries.isOver) {
      const expired = this.#ages?.oldestExpired;
      gone.push(expired === undefined ? this.#pop() : (this.remove(expired) as Entry));
    }
    return gone;
  }

  #pop(): Entry {
    const entry = this.#entries.pop();
    this.#forget(canonical(entry.key), entry);
    return entry;
  }

  remove(found: KeyPart): Entry | undefined {
    const entry = this.#entries.peek(found);
    if (entry === undefined) return undefined;
    if (this.#countOf !== undefined) this.#count -= this.#countAt(found);
    this.#entries.delete(found);
    this.#forget(found, entry);
    return entry;
  }

  #forget(found: KeyPart, { key }: Entry): void {
    this.#order?.remove(key);
    this.#ages?.remove(found);
  }

  /** The entries that have expired since it was asked last. */
  *expired(now: number): IterableIterator<Entry> {
    if (this.#ages === undefined) return;
    for (let next = this.#ages.nextExpired(now); next !== undefined; next = this.#ages.nextExpired(now)) {
      yield next;
    }
  }

  /** Takes out what is too old even for those who take expired values. */
  takeGone(now: number): Entry[] {
    const gone: Entry[] = [];
    if (this.#ages === undefined) return gone;
    for (let next = this.#ages.nextGone(now); next !== undefined; next = this.#ages.nextGone(now)) {
      gone.push(this.remove(next) as Entry);
    }
    return gone;
  }

  /** When `expired` or `takeGone` will have something to give. */
  get due(): number | undefined {
    return this.#ages?.due;
  }

  #countAt(found: KeyPart): number {
    const entry = this.#entries.peek(found);
    return entry === undefined || this.#countOf === undefined ? 0 : this.#countOf(entry.value);
  }
}
