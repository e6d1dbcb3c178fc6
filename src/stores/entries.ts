import { LRUCache } from "lru-cache";
import type { KeyPart } from "../store.js";
import type { Entry } from "./entry.js";

/** Where a table keeps its entries, by what their keys are found by. */
export interface Entries {
  readonly size: number;
  /** For someone who uses it. */
  get(found: KeyPart): Entry | undefined;
  /** Without that counting as a use. */
  peek(found: KeyPart): Entry | undefined;
  /** Gives back those that had to go for it: itself, when it is larger than the table. */
  set(found: KeyPart, entry: Entry, bytes: number): readonly Entry[];
  delete(found: KeyPart): void;
  /** All of them. What is set or used meanwhile makes none of them come twice, or not at all. */
  values(): IterableIterator<Entry>;
}

const NONE: readonly Entry[] = [];

/** Without a bound, in the order in which their keys were first set. */
export class UnboundedEntries implements Entries {
  readonly #entries = new Map<KeyPart, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  get(found: KeyPart): Entry | undefined {
    return this.#entries.get(found);
  }

  peek(found: KeyPart): Entry | undefined {
    return this.#entries.get(found);
  }

  set(found: KeyPart, entry: Entry): readonly Entry[] {
    this.#entries.set(found, entry);
    return NONE;
  }

  delete(found: KeyPart): void {
    this.#entries.delete(found);
  }

  values(): IterableIterator<Entry> {
    return this.#entries.values();
  }
}

/** How much a table may hold. */
export interface Most {
  readonly entries: number;
  readonly bytes: number;
}

/** Within bounds, from that on which was not used for the longest time. */
export class BoundedEntries implements Entries {
  readonly #most: Most;
  /** It is never full by itself: with its own bounds it would take memory for as many entries at once. */
  readonly #entries = new LRUCache<KeyPart, Entry>({ maxSize: Number.MAX_SAFE_INTEGER });

  constructor(most: Most) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(found: KeyPart): Entry | undefined {
    return this.#entries.get(found);
  }

  peek(found: KeyPart): Entry | undefined {
    return this.#entries.peek(found);
  }

  set(found: KeyPart, entry: Entry, bytes: number): readonly Entry[] {
    // lru-cache takes whole sizes from 1.
    const size = Math.max(1, Math.ceil(bytes));
    this.#entries.set(found, entry, { size });
    if (bytes > this.#most.bytes) {
      this.#entries.delete(found);
      return [entry];
    }
    return this.#isFull ? this.#evict() : NONE;
  }

  delete(found: KeyPart): void {
    this.#entries.delete(found);
  }

  values(): IterableIterator<Entry> {
    // A list, because a use changes the order.
    return (Array.from(this.#entries.rvalues()) as Entry[]).values();
  }

  get #isFull(): boolean {
    const { size, calculatedSize } = this.#entries;
    return size > this.#most.entries || calculatedSize > this.#most.bytes;
  }

  #evict(): Entry[] {
    const gone: Entry[] = [];
    while (this.#isFull) gone.push(this.#entries.pop() as Entry);
    return gone;
  }
}
