import type { KeyPart } from "../store.js";
import type { Entry } from "./entry.js";

/** An entry among those of its age. */
interface Link {
  readonly found: KeyPart;
  readonly entry: Entry;
  isExpired: boolean;
  older: Link | undefined;
  newer: Link | undefined;
}

/**
 * The entries of a table with a `ttl`, from the oldest to the newest: those that are expired first. Nothing is searched: the time that is spent is that of the entries whose
 * time has come.
 */
export class Ages {
  readonly #ttl: number;
  readonly #links = new Map<KeyPart, Link>();
  #oldest: Link | undefined;
  #newest: Link | undefined;
  /** The oldest that is not known to be expired. */
  #fresh: Link | undefined;
  #expired = 0;

  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  /** How many are known to be expired. */
  get expired(): number {
    return this.#expired;
  }

  /** What the oldest entry is found by, where that is known to be expired. */
  get oldestExpired(): KeyPart | undefined {
    return this.#oldest?.isExpired === true ? this.#oldest.found : undefined;
  }

  isFresh(entry: Entry, now: number): boolean {
    return now - entry.writtenAt < this.#ttl;
  }

  /** Whether it is so old that it is not there any more, even for those who take expired ones. */
  isGone(entry: Entry, now: number): boolean {
    return now - entry.writtenAt >= 2 * this.#ttl;
  }

  /** Entries come in the order of their ages. */
  add(found: KeyPart, entry: Entry): void {
    const link: Link = { found, entry, isExpired: false, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
    this.#fresh ??= link;
    this.#links.set(found, link);
  }

  remove(found: KeyPart): void {
    const link = this.#links.get(found);
    if (link === undefined) return;
    this.#links.delete(found);
    if (link.isExpired) this.#expired -= 1;
    if (this.#fresh === link) this.#fresh = link.newer;
    if (link.older === undefined) this.#oldest = link.newer;
    else link.older.newer = link.newer;
    if (link.newer === undefined) this.#newest = link.older;
    else link.newer.older = link.older;
    // What is gone must not keep alive what comes after it.
    link.older = undefined;
    link.newer = undefined;
  }

  /** The next entry that has expired without being told yet. */
  nextExpired(now: number): Entry | undefined {
    const link = this.#fresh;
    if (link === undefined || this.isFresh(link.entry, now)) return undefined;
    link.isExpired = true;
    this.#fresh = link.newer;
    this.#expired += 1;
    return link.entry;
  }

  /** What the next entry is found by that is to be taken out. */
  nextGone(now: number): KeyPart | undefined {
    const link = this.#oldest;
    return link !== undefined && this.isGone(link.entry, now) ? link.found : undefined;
  }

  /** When there is something to do; undefined when there is no entry. */
  get due(): number | undefined {
    if (this.#oldest === undefined) return undefined;
    const gone = this.#oldest.entry.writtenAt + 2 * this.#ttl;
    return this.#fresh === undefined ? gone : Math.min(gone, this.#fresh.entry.writtenAt + this.#ttl);
  }
}
