import type { Wait } from "../../stage/contract.js";
import { Occupancy } from "./occupancy.js";

/** What the stages of a run have waited for that is neither their input nor their work. */
export class Waits {
  readonly #waits: Readonly<Record<Wait, Occupancy>> = {
    cache: new Occupancy(),
    retry: new Occupancy(),
    rejections: new Occupancy(),
    acknowledgements: new Occupancy(),
  };

  /** It was waited for from then, in milliseconds of `performance.now()`, to now. */
  add(wait: Wait, began: number): void {
    this.#waits[wait].add(began, performance.now());
  }

  /** In milliseconds, the time in which at least one waited for each. */
  get ms(): Readonly<Record<Wait, number>> {
    const { cache, retry, rejections, acknowledgements } = this.#waits;
    return {
      cache: cache.anyMs,
      retry: retry.anyMs,
      rejections: rejections.anyMs,
      acknowledgements: acknowledgements.anyMs,
    };
  }
}
