/** How many batches in trouble are held besides those in flight, so that what comes after them goes on, and memory stays bounded. */
const ASIDE = 8;

/** The places for batches that are being worked on. One that is in trouble (tried again, or searched) gives its place to others meanwhile. */
export class InFlight {
  readonly #limit: number;
  #working = 0;
  #inTrouble = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get hasRoom(): boolean {
    return this.#working < this.#limit && this.#working + this.#inTrouble < this.#limit + ASIDE;
  }

  get isEmpty(): boolean {
    return this.#working + this.#inTrouble === 0;
  }

  enter(): void {
    this.#working += 1;
  }

  /** A batch that has a place is in trouble from now on, until it leaves. */
  getsIntoTrouble(): void {
    this.#working -= 1;
    this.#inTrouble += 1;
  }

  leave(wasInTrouble: boolean): void {
    if (wasInTrouble) this.#inTrouble -= 1;
    else this.#working -= 1;
  }
}
