import { Samples } from "./samples.js";

/** Neighbouring sizes differ by this factor. */
const FACTOR = 1.5;
/** The size to begin with, or the next smaller one that there is. */
const START = 16;
/** No size is judged by fewer batches, unless two are over the bound. */
const SAMPLES = 5;
/** A size is better when its throughput is by so much. */
const GAIN = 0.03;
/** A batch that takes so many times the bound makes the size smaller at once. */
const FAR = 2;
/** But at most by this factor: it may have been an accident. */
const LONGEST_FALL = 4;
/** So many batches go by until the neighbours are tried again; each time that nothing has changed it is twice as many, up to a bound. */
const FIRST_REST = 50;
const LONGEST_REST = 800;
/** A rest ends early when batches take so many times what they took, or that part of it. */
const CHANGE = 1.5;

/** Up or down the sizes. */
type Direction = 1 | -1;

/** A size, and what is known of it. */
interface Station {
  readonly index: number;
  readonly samples: Samples;
}

/**
 * Looks for the size of batch with the best throughput among those whose batches (four of five) take no longer than the bound: by hill climbing on a
 * geometric row of sizes. A size is left for a neighbour that is better by more than 3 % and by more than the measurements may be off; as long as the next
 * is better still, it goes on in that direction. A size that is over the bound is left for the next smaller one; a batch that takes more than twice
 * the bound shrinks it at once, in proportion (multiplicative decrease, as in the AIMD of Clipper, NSDI 2017). Where no neighbour is better it rests,
 * and tries them again after 50 batches, then 100, and so on up to 800, or as soon as batches take half as long again or two thirds of what they took.
 *
 * It finds the top of the hill that it begins on, not a higher one behind a valley.
 */
export class SizeSearch {
  readonly #sizes: readonly number[];
  readonly #latencyMs: number;
  #home: Station;
  #trial: (Station & { readonly direction: Direction }) | undefined;
  /** What is to be tried, with the next batches of the chosen size, before a rest. */
  #directions: Direction[] = [1, -1];
  #rest = 0;
  #nextRest = FIRST_REST;
  /** What batches took when the rest began. */
  #restedMs = 0;

  constructor({ latencyMs, minSize, maxSize }: SearchBounds) {
    this.#latencyMs = latencyMs;
    this.#sizes = sizesBetween(minSize, maxSize);
    this.#home = stationAt(this.#indexUpTo(START));
  }

  /** The size for the next batch: the one that was chosen, or the neighbour that is tried. */
  get size(): number {
    return this.#sizeOf(this.#trial ?? this.#home);
  }

  /** The size that was chosen. */
  get chosen(): number {
    return this.#sizeOf(this.#home);
  }

  /** Batches of the chosen size; there may be none yet. */
  get samples(): Samples {
    return this.#home.samples;
  }

  /** A batch of the present size was answered. @param throughput records per second. */
  measured(durationMs: number, throughput: number): void {
    const isFar = durationMs > FAR * this.#latencyMs;
    if (this.#trial !== undefined) {
      this.#trial.samples.add(durationMs, throughput);
      if (isFar) this.#goHome();
      else this.#judgeTrial(this.#trial);
    } else if (isFar && this.#home.index > 0) this.#fall(durationMs);
    else {
      this.#home.samples.add(durationMs, throughput);
      this.#judgeHome();
    }
  }

  /** There are not as many records as the size that is tried: nothing can be learned of it. */
  unfilled(): void {
    if (this.#trial?.direction === 1) this.#goHome();
  }

  #judgeHome(): void {
    const { samples, index } = this.#home;
    if (samples.areSlowerThan(this.#latencyMs)) {
      // The one above is known to be too slow: nothing to try at once.
      if (index > 0) this.#moveTo(stationAt(index - 1), []);
      else this.#begin([1]);
      return;
    }
    if (samples.count < SAMPLES) return;
    if (this.#rest === 0) this.#tryNext();
    else if (this.#hasChanged(samples.durationMs)) this.#moveTo(stationAt(index), [1, -1]);
    else if (--this.#rest === 0) this.#directions = [1, -1];
  }

  #judgeTrial({ index, samples, direction }: Station & { readonly direction: Direction }): void {
    if (samples.areSlowerThan(this.#latencyMs)) {
      this.#goHome();
      return;
    }
    if (samples.count < SAMPLES) return;
    const home = this.#home.samples;
    const ratio = samples.throughput / home.throughput;
    const error = Math.hypot(samples.error, home.error);
    if (ratio > 1 + Math.max(GAIN, error)) this.#moveTo({ index, samples }, [direction]);
    else if (ratio + error <= 1 + GAIN || samples.isFull) this.#goHome();
  }

  #tryNext(): void {
    for (let direction = this.#directions.shift(); direction; direction = this.#directions.shift()) {
      const index = this.#home.index + direction;
      if (index < 0 || index >= this.#sizes.length) continue;
      this.#trial = { ...stationAt(index), direction };
      return;
    }
    this.#rest = this.#nextRest;
    this.#nextRest = Math.min(2 * this.#rest, LONGEST_REST);
    this.#restedMs = this.#home.samples.durationMs;
  }

  #hasChanged(durationMs: number): boolean {
    const ratio = durationMs / this.#restedMs;
    return ratio > CHANGE || ratio < 1 / CHANGE;
  }

  #goHome(): void {
    this.#trial = undefined;
  }

  /** To the size that would have met the bound, if time went with size. */
  #fall(durationMs: number): void {
    const part = Math.max(this.#latencyMs / durationMs, 1 / LONGEST_FALL);
    this.#moveTo(stationAt(this.#indexUpTo(this.chosen * part)), [1, -1]);
  }

  #moveTo(home: Station, directions: Direction[]): void {
    this.#home = home;
    this.#trial = undefined;
    this.#begin(directions);
  }

  #begin(directions: Direction[]): void {
    this.#directions = directions;
    this.#rest = 0;
    this.#nextRest = FIRST_REST;
  }

  /** The largest size that is no larger, else the smallest. */
  #indexUpTo(limit: number): number {
    const index = this.#sizes.findLastIndex((size) => size <= limit);
    return Math.max(0, index);
  }

  #sizeOf({ index }: Station): number {
    return this.#sizes[index] as number;
  }
}

/** How long a batch may take, and the sizes that there are. */
export interface SearchBounds {
  readonly latencyMs: number;
  readonly minSize: number;
  readonly maxSize: number;
}

function stationAt(index: number): Station {
  return { index, samples: new Samples() };
}

function sizesBetween(minSize: number, maxSize: number): number[] {
  const sizes: number[] = [];
  for (let size = minSize; size < maxSize; size = Math.round(size * FACTOR)) sizes.push(size);
  return [...sizes, maxSize];
}
