/** What a heap orders. */
export interface Placed {
  /** Where it is in the heap, which keeps it up to date. */
  place: number;
}

/** Gives out first what comes before all others, in time that grows with the logarithm of how many there are (a binary heap). */
export class Heap<Entry extends Placed> {
  readonly #comesBefore: (entry: Entry, other: Entry) => boolean;
  /** The children of the entry at n are at 2n + 1 and 2n + 2; neither comes before it. */
  readonly #entries: Entry[] = [];

  constructor(comesBefore: (entry: Entry, other: Entry) => boolean) {
    this.#comesBefore = comesBefore;
  }

  get first(): Entry | undefined {
    return this.#entries[0];
  }

  push(entry: Entry): void {
    this.#put(entry, this.#entries.length);
    this.rise(entry);
  }

  /** To be called when an entry has changed, and now comes before others that came before it. */
  rise(entry: Entry): void {
    while (entry.place > 0) {
      const parentPlace = (entry.place - 1) >> 1;
      const parent = this.#entries[parentPlace] as Entry;
      if (!this.#comesBefore(entry, parent)) return;
      this.#put(parent, entry.place);
      this.#put(entry, parentPlace);
    }
  }

  shift(): Entry | undefined {
    const first = this.first;
    const last = this.#entries.pop();
    if (last !== undefined && last !== first) {
      this.#put(last, 0);
      this.#sink(last);
    }
    return first;
  }

  #sink(entry: Entry): void {
    while (true) {
      const child = this.#firstChild(entry.place);
      if (child === undefined || !this.#comesBefore(child, entry)) return;
      const childPlace = child.place;
      this.#put(child, entry.place);
      this.#put(entry, childPlace);
    }
  }

  #firstChild(place: number): Entry | undefined {
    const left = this.#entries[2 * place + 1];
    const right = this.#entries[2 * place + 2];
    if (left === undefined || right === undefined) return left;
    return this.#comesBefore(right, left) ? right : left;
  }

  #put(entry: Entry, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }
}
