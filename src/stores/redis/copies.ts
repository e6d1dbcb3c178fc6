import type { LRUCache } from "lru-cache";
import type { Clock } from "../../clock.js";
import { lastUsed } from "../last-used.js";

/** What the server had at a key. */
export interface Copy {
  /** The value as MessagePack; undefined: there was none. */
  readonly value: Buffer | undefined;
  /** When the value was written, and when the server was asked for it, on the clock of this process: both are taken to be earlier than they are, never later. */
  readonly bornAt: number;
  readonly readAt: number;
}

/** A read that is under way. */
export interface Ticket {
  isOutdated: boolean;
}

/** The writes to one key that are under way. */
interface Writing {
  count: number;
  readonly beganAt: number;
  /** Whether there was only one all the time: of several it is not known here which was the last. */
  isAlone: boolean;
}

/** Copies of values in this process, bounded in number and age. A copy is never older than what this process itself has written. */
export class Copies {
  readonly #copies: LRUCache<string, Copy>;
  readonly #maxAge: number;
  readonly #clock: Clock;
  readonly #reads = new Map<string, Set<Ticket>>();
  readonly #writes = new Map<string, Writing>();

  constructor({ maxEntries, maxAge }: { maxEntries: number; maxAge: number }, clock: Clock) {
    this.#copies = lastUsed(maxEntries);
    this.#maxAge = maxAge;
    this.#clock = clock;
  }

  get(key: string): Copy | undefined {
    const copy = this.#copies.get(key);
    if (copy === undefined) return undefined;
    if (this.#clock.now() - copy.readAt < this.#maxAge) return copy;
    this.#copies.delete(key);
    return undefined;
  }

  /** Before the server is asked. */
  beginRead(key: string): Ticket {
    const ticket = { isOutdated: this.#writes.has(key) };
    const reads = this.#reads.get(key) ?? new Set();
    this.#reads.set(key, reads.add(ticket));
    return ticket;
  }

  /** When it has answered, or failed to. */
  endRead(key: string, ticket: Ticket, copy: Copy | undefined): void {
    const reads = this.#reads.get(key);
    reads?.delete(ticket);
    if (reads?.size === 0) this.#reads.delete(key);
    if (copy !== undefined && !ticket.isOutdated) this.#copies.set(key, copy);
  }

  /** Before this process writes: what is read from now on must not be older than that. */
  beginWrite(key: string): void {
    this.#copies.delete(key);
    for (const ticket of this.#reads.get(key) ?? []) ticket.isOutdated = true;
    const writing = this.#writes.get(key);
    if (writing === undefined) this.#writes.set(key, { count: 1, beganAt: this.#clock.now(), isAlone: true });
    else {
      writing.count += 1;
      writing.isAlone = false;
    }
  }

  /** @param value what the server has now; undefined where that is not known. */
  endWrite(key: string, value: Buffer | undefined): void {
    const writing = this.#writes.get(key) as Writing;
    writing.count -= 1;
    if (writing.count > 0) return;
    this.#writes.delete(key);
    const { isAlone, beganAt } = writing;
    if (value !== undefined && isAlone) this.#copies.set(key, { value, bornAt: beganAt, readAt: beganAt });
  }
}
