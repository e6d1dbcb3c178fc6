/** A batch that is being worked on; `outcome` never rejects. */
interface InFlight<Batch, Value> {
  readonly batch: Batch;
  readonly outcome: Promise<Settled<Value>>;
  /** Whether it takes one of the places in flight; one in trouble keeps only its place in the order. */
  takesPlace: boolean;
}

export type Settled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: unknown };

/** How many batches in trouble are held besides those in flight, so that what comes after them goes on, and memory stays bounded. */
const ASIDE = 8;

/** The batches in flight: a bounded number, given back in the order in which they were put in, whichever is done first. */
export class Window<Batch extends { readonly length: number }, Value> {
  readonly #limit: number;
  #inFlight: InFlight<Batch, Value>[] = [];
  #noteRoom: (room: Room) => void = () => {};

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    const taken = this.#inFlight.filter((each) => each.takesPlace).length;
    return taken >= this.#limit || this.#inFlight.length >= this.#limit + ASIDE;
  }

  /** What is in it, in order. */
  get held(): Batch[] {
    return this.#inFlight.map(({ batch }) => batch);
  }

  /** Resolves when a batch gives up its place, although it is not done. For one who waits: an earlier such promise never resolves any more. */
  nextRoom(): Promise<Room> {
    // A new one each time: one that stays would keep all that it was ever raced with.
    return new Promise((resolve) => {
      this.#noteRoom = resolve;
    });
  }

  /** @param work gets what is to be called when the batch is in trouble, and takes no place for as long as that lasts. */
  put(batch: Batch, work: (onTrouble: () => void) => Promise<Value>): void {
    const inTrouble = (): void => {
      entry.takesPlace = false;
      this.#noteRoom({ room: true });
    };
    const entry: InFlight<Batch, Value> = {
      batch,
      takesPlace: true,
      outcome: work(inTrouble).then(
        (value) => ({ ok: true as const, value }),
        (error: unknown) => ({ ok: false as const, error }),
      ),
    };
    this.#inFlight.push(entry);
  }

  /** The outcome of the oldest batch, which stays in the window until `remove`. */
  get oldest(): Promise<Settled<Value>> | undefined {
    return this.#inFlight[0]?.outcome;
  }

  remove(): void {
    this.#inFlight.shift();
  }
}

export interface Room {
  readonly room: true;
}
