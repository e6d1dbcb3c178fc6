import type { Aged, KeyPart } from "../store.js";

/** A value of a table with the age that it had at a time. */
export interface Dated extends Aged<unknown> {
  /** On the clock of the table, in milliseconds. */
  readonly at: number;
}

/** How the work on a key has ended. */
export type Landing =
  /** The table has it; `isComputed`: because it was computed, and put there. */
  | { readonly kind: "there"; readonly dated: Dated; readonly isComputed: boolean }
  /** It was computed, and the table was given nothing: whoever waited computes it for himself, and does not wait again. */
  | { readonly kind: "nothing" }
  /** Whoever had it has let it go: one of those who waited takes it. */
  | { readonly kind: "dropped" };

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

  /** Takes a key; undefined where somebody has it. */
  take(id: KeyPart): Flight | undefined {
    if (this.#flights.has(id)) return undefined;
    const flight = new Flight(() => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id);
    });
    this.#flights.set(id, flight);
    return flight;
  }
}
