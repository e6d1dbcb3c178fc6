import type sorted from "sorted-btree";
import { EmptyBTree } from "sorted-btree";
import type { KeyRange, TableKey } from "../store.js";
import type { Entry } from "./entry.js";
import { AfterPrefix, comparePlaces, type Place, placeOf } from "./keys.js";

// The class is a default export of CommonJS, which not everything that runs modules finds under the same name.
const Tree = EmptyBTree.constructor as typeof sorted.default;

/** The entries of an ordered table, by their keys. */
export class Order {
  readonly #tree = new Tree<Place, Entry>(undefined, comparePlaces);

  set(entry: Entry): void {
    this.#tree.set(placeOf(entry.key), entry);
  }

  remove(key: TableKey): void {
    this.#tree.delete(placeOf(key));
  }

  /** The entries of a part as they are now, whatever is written afterwards. A copy costs nothing until then. */
  scan(range: KeyRange<TableKey>): IterableIterator<Entry> {
    const tree = this.#tree.clone();
    // All of them, without a look at each.
    if (
      range.from === undefined &&
      range.to === undefined &&
      range.prefix === undefined &&
      range.reverse !== true
    )
      return tree.values();
    const low = later(range.from, range.prefix);
    const high = earlier(range.to, range.prefix === undefined ? undefined : new AfterPrefix(range.prefix));
    return range.reverse === true ? descending(tree, low, high) : ascending(tree, low, high);
  }
}

type Entries = sorted.default<Place, Entry>;

function* ascending(tree: Entries, low: Place | undefined, high: Place | undefined): Generator<Entry> {
  for (const [key, entry] of tree.entries(low)) {
    if (high !== undefined && comparePlaces(key, high) >= 0) return;
    yield entry;
  }
}

function* descending(tree: Entries, low: Place | undefined, high: Place | undefined): Generator<Entry> {
  for (const [key, entry] of tree.entriesReversed(high, undefined, true)) {
    if (low !== undefined && comparePlaces(key, low) < 0) return;
    yield entry;
  }
}

function later(a: Place | undefined, b: Place | undefined): Place | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePlaces(a, b) < 0 ? b : a;
}

function earlier(a: Place | undefined, b: Place | undefined): Place | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return comparePlaces(a, b) < 0 ? a : b;
}
