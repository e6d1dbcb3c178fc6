/** A batch that is being worked on; `outcome` never rejects. */
interface InFlight<Batch, Value> {
  readonly batch: Batch;
  readonly outcome: Promise<Settled<Value>>;
}

export type Settled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: unknown };

/** The batches in flight: a bounded number, given back in the order in which they were put in, whichever is done first. */
export class Window<Batch extends { readonly length: number }, Value> {
  readonly #limit: number;
  #inFlight: InFlight<Batch, Value>[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#inFlight.length >= this.#limit;
  }

  /** Records in it. */
  get held(): number {
    return this.#inFlight.reduce((sum, { batch }) => sum + batch.length, 0);
  }

  put(batch: Batch, work: Promise<Value>): void {
    const outcome = work.then(
      (value) => ({ ok: true as const, value }),
      (error: unknown) => ({ ok: false as const, error }),
    );
    this.#inFlight.push({ batch, outcome });
  }

  /** The outcome of the oldest batch, which stays in the window until `remove`. */
  get oldest(): Promise<Settled<Value>> | undefined {
    return this.#inFlight[0]?.outcome;
  }

  remove(): void {
    this.#inFlight.shift();
  }
}
