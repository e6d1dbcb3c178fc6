/** Choices that are the same for the same seed and purpose, in whatever order they are made elsewhere. */
export class Dice {
  #state: number;

  /** @param purpose gives each its own row of choices, so that one that is run alone chooses as it does among others. */
  constructor(seed: number, purpose: string) {
    this.#state = [...purpose].reduce(
      (hash, letter) => Math.imul(hash ^ (letter.codePointAt(0) as number), 0x01000193),
      seed ^ 0x811c9dc5,
    );
  }

  /** One of them; undefined when there is none. */
  pick<Each>(all: readonly Each[]): Each | undefined {
    return all[this.#place(all.length)];
  }

  /** One of those that are wanted; undefined when none is. Asks only until it has one. */
  pickOneThat<Each>(all: readonly Each[], isWanted: (each: Each) => boolean): Each | undefined {
    const left = [...all];
    while (left.length > 0) {
      const [each] = left.splice(this.#place(left.length), 1) as [Each];
      if (isWanted(each)) return each;
    }
    return undefined;
  }

  #place(length: number): number {
    return Math.floor(this.#next() * length);
  }

  /** mulberry32: a number from 0 to below 1. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
