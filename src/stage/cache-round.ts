import type { KeyPart } from "../store.js";
import type { KeyedItem } from "./cache-desk.js";
import type { Dated, Flight, Flights, Landing } from "./cache-flights.js";

/** A row of a batch. */
export interface Row extends KeyedItem {
  readonly index: number;
}

/** A row whose value is there, and has not gone on. */
export interface ThereRow {
  readonly row: Row;
  readonly dated: Dated;
  /** Whether it was computed for another record. */
  readonly isShared: boolean;
}

/** A look at the table, and what is done about it. */
export class Round {
  /** To be computed. */
  readonly own: Row[] = [];
  readonly waiting: (readonly [row: Row, flight: Flight])[] = [];
  readonly #all: Flights;
  /** The keys that this round has taken. */
  readonly #taken = new Map<KeyPart, Flight>();

  constructor(all: Flights) {
    this.#all = all;
  }

  /** Who is at work on a key, in this round or elsewhere. */
  flightOf(id: KeyPart): Flight | undefined {
    return this.#all.of(id);
  }

  /** Takes a key, where nobody has it. */
  take(id: KeyPart): void {
    const flight = this.#all.take(id);
    if (flight !== undefined) this.#taken.set(id, flight);
  }

  /** Hands what came of a key to those who wait for it; nothing where another has it. */
  land(id: KeyPart, landing: Landing): void {
    this.#taken.get(id)?.land(landing);
  }

  /** Lets go of all that has not landed. */
  drop(): void {
    for (const flight of this.#taken.values()) flight.land({ kind: "dropped" });
  }
}
