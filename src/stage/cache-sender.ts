import type { Sending } from "./batch-sender.js";
import { CachedBatch } from "./cache-batch.js";
import type { CacheDesk } from "./cache-desk.js";
import type { BoundTrip, Trip } from "./cache-trip.js";
import type { Item } from "./item.js";

/** Sends the batches of a stage that has a cache: only what is not there goes to its function. */
export class CachedSender {
  readonly #desk: CacheDesk;
  readonly #trip: Trip;
  readonly #isFused: boolean;

  /** @param isFused whether what is there must make the trip all the same, for the stages behind. */
  constructor(desk: CacheDesk, trip: Trip, isFused: boolean) {
    this.#desk = desk;
    this.#trip = trip;
    this.#isFused = isFused;
  }

  /** As `BatchSender.send`; RouteTo where the value of an item is over age and it leaves. */
  send(items: readonly Item[], how: Sending): Promise<readonly unknown[]> {
    const trip: BoundTrip = (sent, entering) => this.#trip(sent, entering, how);
    return new CachedBatch({ desk: this.#desk, trip, isFused: this.#isFused, stop: how.stop }).carryOut(
      items,
    );
  }
}
