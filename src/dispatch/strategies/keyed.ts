import { show } from "../../options/parse.js";
import type { BatchStrategy, Waiting } from "../strategy.js";
import { Heap, type Placed } from "./heap.js";

/** What records are kept together by. Compared by value, as a Map does: `1` and `"1"` are two keys. */
export type BatchKey = string | number | boolean | bigint;

/**
 * Batches of records that have one key, at most `size`, in the order of the input. A key is in one batch at a time: its next records wait until that is
 * completed. Full batches go first, and of these the one whose first record has waited longest; with a flush, the others by the same rule.
 */
export class KeyedBatches<Record> implements BatchStrategy<Record> {
  readonly #keyOf: (record: Record) => BatchKey;
  readonly #size: number;
  /** By key, those that have records that wait or are in flight. */
  readonly #groups = new Map<BatchKey, Group<Record>>();
  /** Those that could give a batch: they have records that wait, and none in flight. The one whose turn it is comes first. */
  readonly #free: Heap<Group<Record>>;
  /** The group of each batch in flight, by the batch's first record: a key that is asked for again may have changed. */
  readonly #inFlight = new Map<Waiting<Record>, Group<Record>>();
  #parts = 0;

  constructor({ keyOf, size }: { readonly keyOf: (record: Record) => BatchKey; readonly size: number }) {
    this.#keyOf = keyOf;
    this.#size = size;
    this.#free = new Heap((group, other) => {
      const isFull = this.#isFull(group);
      return isFull === this.#isFull(other) ? numberOf(group) < numberOf(other) : isFull;
    });
  }

  /** @throws TypeError for a key that is none. */
  add(waiting: Waiting<Record>): void {
    const group = this.#groupOf(requireKey(this.#keyOf(waiting.record)));
    const { last } = group;
    if (last !== undefined && last.records.length < this.#size) {
      last.records.push(waiting);
      if (!group.inFlight && this.#isFull(group)) this.#free.rise(group);
      return;
    }
    const part: Part<Record> = { number: this.#parts++, records: [waiting], next: undefined };
    group.last = part;
    if (last !== undefined) {
      last.next = part;
      return;
    }
    group.first = part;
    if (!group.inFlight) this.#free.push(group);
  }

  next({ flush }: { readonly flush: boolean }): Waiting<Record>[] | undefined {
    const group = this.#free.first;
    if (group?.first === undefined || !(flush || this.#isFull(group))) return undefined;
    this.#free.shift();
    const { records, next } = group.first;
    group.first = next;
    if (next === undefined) group.last = undefined;
    group.inFlight = true;
    this.#inFlight.set(records[0] as Waiting<Record>, group);
    return records;
  }

  completed(batch: readonly Waiting<Record>[]): void {
    const first = batch[0] as Waiting<Record>;
    const group = this.#inFlight.get(first);
    if (group === undefined) return;
    this.#inFlight.delete(first);
    group.inFlight = false;
    if (group.first === undefined) this.#groups.delete(group.key);
    else this.#free.push(group);
  }

  /** `keys`: those that have records that wait or are in flight. */
  describe(): { readonly keys: number } {
    return { keys: this.#groups.size };
  }

  #isFull(group: Group<Record>): boolean {
    return group.first?.records.length === this.#size;
  }

  #groupOf(key: BatchKey): Group<Record> {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: Group<Record> = { key, first: undefined, last: undefined, inFlight: false, place: -1 };
    this.#groups.set(key, group);
    return group;
  }
}

/** The records of one key that wait, in parts that are batches to be: all but the last are full. */
interface Group<Record> extends Placed {
  readonly key: BatchKey;
  first: Part<Record> | undefined;
  last: Part<Record> | undefined;
  inFlight: boolean;
}

interface Part<Record> {
  /** The lower, the earlier its first record came. */
  readonly number: number;
  readonly records: Waiting<Record>[];
  next: Part<Record> | undefined;
}

function numberOf(group: Group<unknown>): number {
  return group.first?.number ?? Number.POSITIVE_INFINITY;
}

function requireKey(key: unknown): BatchKey {
  if (
    typeof key === "string" ||
    typeof key === "number" ||
    typeof key === "boolean" ||
    typeof key === "bigint"
  )
    return key;
  throw new TypeError(`expected key() to return text, a number, a boolean or a bigint, got ${show(key)}`);
}
