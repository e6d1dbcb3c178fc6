/** How many stretches are kept apart. Of one that comes later than so many others, what lies before them is not counted as a time of its own. */
const MOST_STRETCHES = 64;

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** How long at least one of several stretches of time went on. They may come in any order, those that overlap soon after each other. */
export class Occupancy {
  /** Apart from each other, in order. */
  readonly #stretches: Stretch[] = [];
  #older = 0;
  #olderEnd = Number.NEGATIVE_INFINITY;
  #sum = 0;

  /** Adds a stretch, in milliseconds of one clock. */
  add(began: number, end: number): void {
    this.#sum += Math.max(0, end - began);
    const start = Math.max(began, this.#olderEnd);
    if (end <= start) return;
    const merged = { start, end };
    const stretches = this.#stretches;
    let last = stretches.length;
    while (last > 0 && (stretches[last - 1] as Stretch).start > end) last -= 1;
    let first = last;
    for (; first > 0 && (stretches[first - 1] as Stretch).end >= start; first -= 1) {
      const before = stretches[first - 1] as Stretch;
      merged.start = Math.min(merged.start, before.start);
      merged.end = Math.max(merged.end, before.end);
    }
    stretches.splice(first, last - first, merged);
    if (stretches.length <= MOST_STRETCHES) return;
    const oldest = stretches.shift() as Stretch;
    this.#older += oldest.end - oldest.start;
    this.#olderEnd = oldest.end;
  }

  /** All of them, one after the other. */
  get sumMs(): number {
    return this.#sum;
  }

  /** The time in which there was at least one. */
  get anyMs(): number {
    return this.#stretches.reduce((sum, { start, end }) => sum + end - start, this.#older);
  }
}
