import { LRUCache } from "lru-cache";
import type { KeyPart } from "../store.js";

/** How much a table may hold. */
export interface Most {
  readonly entries: number;
  readonly bytes: number;
}

/** Keeps a table within its bounds: tells which entries are to go, from those on that were not used for the longest time. */
export class Bounds {
  readonly #most: Most;
  /** In the order of use. It is never full by itself: what goes is for the table to know, before it goes. */
  readonly #uses = new LRUCache<KeyPart, number>({ maxSize: Number.MAX_SAFE_INTEGER });

  constructor(most: Most) {
    this.#most = most;
  }

  used(found: KeyPart): void {
    this.#uses.get(found);
  }

  set(found: KeyPart, bytes: number): void {
    // lru-cache takes whole sizes from 1, and takes notice of a size when the value is another: so it is the value.
    const size = Math.max(1, Math.ceil(bytes));
    this.#uses.set(found, size, { size });
  }

  remove(found: KeyPart): void {
    this.#uses.delete(found);
  }

  /** What the next one is found by that is to go, undefined when the bounds are kept. `last` goes first when it is larger than the table by itself. */
  next(last: KeyPart): KeyPart | undefined {
    if (this.#uses.calculatedSize > this.#most.bytes && this.#bytesOf(last) > this.#most.bytes) return last;
    if (this.#uses.size <= this.#most.entries && this.#uses.calculatedSize <= this.#most.bytes)
      return undefined;
    const [longestUnused] = this.#uses.rkeys();
    return longestUnused;
  }

  #bytesOf(found: KeyPart): number {
    return this.#uses.peek(found) ?? 0;
  }
}
