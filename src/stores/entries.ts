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
  set(found: KeyPart, entry: Entry, bytes: number): void;
  delete(found: KeyPart): void;
  /** Whether there are more than there may be. */
  readonly isOver: boolean;
  /** Whether an entry of so many bytes may be there at all. */
  takes(bytes: number): boolean;
  /** Takes out what was not used for the longest time. There must be something. */
  pop(): Entry;
  /** All of them. What is set or used meanwhile makes none of them come twice, or not at all. */
  values(): IterableIterator<Entry>;
}

/** Without a bound, in the order in which their keys were first set. */
export class UnboundedEntries implements Entries {
  readonly isOver = false;
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

  set(found: KeyPart, entry: Entry): void {
    this.#entries.set(found, entry);
  }

  delete(found: KeyPart): void {
    this.#entries.delete(found);
  }

  takes(): boolean {
    return true;
  }

  /** It is never over. */
  pop(): never {
    throw new Error("expected a table with bounds");
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

  set(found: KeyPart, entry: Entry, bytes: number): void {
    // lru-cache takes whole sizes from 1.
    this.#entries.set(found, entry, { size: Math.max(1, Math.ceil(bytes)) });
  }

  delete(found: KeyPart): void {
    this.#entries.delete(found);
  }

  values(): IterableIterator<Entry> {
    // A list, because a use changes the order.
    return this.#list().values();
  }

  /** The links themselves: the iterators of lru-cache look every key up again, which costs thirty times as much. */
  #list(): Entry[] {
    const { head, next, valList } = LRUCache.unsafeExposeInternals(this.#entries);
    const list = new Array<Entry>(this.#entries.size);
    for (let place = 0, link = head as number; place < list.length; place += 1, link = next[link] as number)
      list[place] = valList[link] as Entry;
    return list;
  }

  get isOver(): boolean {
    const { size, calculatedSize } = this.#entries;
    return size > this.#most.entries || calculatedSize > this.#most.bytes;
  }

  takes(bytes: number): boolean {
    return bytes <= this.#most.bytes;
  }

  pop(): Entry {
    return this.#entries.pop() as Entry;
  }
}
