import type { Aged, KeyPart } from "../store.js";

/** How the work on a key has ended. */
export type Landing =
  /** It was computed, and this is what the table was given. */
  | { readonly kind: "computed"; readonly value: unknown }
  /** The table had it; `at`: when it was read, in milliseconds of `performance.now()`. */
  | { readonly kind: "read"; readonly entry: Aged<unknown>; readonly at: number }
  /** Nothing came of it: whoever wants the key sees to it. */
  | { readonly kind: "failed" };

/** The work on one key, which others wait for. */
export class Flight {
  /** Never rejects. */
  readonly landed: Promise<Landing>;
  readonly #resolve: (landing: Landing) => void;
  readonly #onLanded: () => void;

  constructor(onLanded: () => void) {
    let resolve!: (landing: Landing) => void;
    this.landed = new Promise((onResolve) => {
      resolve = onResolve;
    });
    this.#resolve = resolve;
    this.#onLanded = onLanded;
  }

  /** The first landing holds. */
  land(landing: Landing): void {
    this.#onLanded();
    this.#resolve(landing);
  }
}

/** The keys that are being worked on, as `canonical` writes them. Each is in one hand: who takes one lands it, whatever happens. */
export class Flights {
  readonly #flights = new Map<KeyPart, Flight>();

  of(id: KeyPart): Flight | undefined {
    return this.#flights.get(id);
  }

  /** Takes a key that nobody has. */
  take(id: KeyPart): Flight {
    const flight = new Flight(() => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id);
    });
    this.#flights.set(id, flight);
    return flight;
  }
}
