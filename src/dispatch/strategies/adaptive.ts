import type { BatchStrategy, Waiting } from "../strategy.js";
import { Queue } from "./queue.js";
import { type SearchBounds, SizeSearch } from "./size-search.js";

/** No batch counts as faster than this: a clock may not see one at all. */
const SHORTEST_MS = 0.001;

/**
 * Batches of the size that has the best throughput among those whose batches take no longer than `latencyMs`, from sending to the answer: found out while
 * it runs, by hill climbing (see SizeSearch). With a flush, what is left.
 *
 * A batch counts when it had the present size, was sent while only others of that size were in flight, and was answered at the first try; those that were
 * sent before anything was answered pay for imports, and do not count. With others in flight a batch waits for them, so the throughput of a batch is
 * that of all the records in flight: their number by the time that it took (Little's law).
 */
export class AdaptiveBatches<Record> implements BatchStrategy<Record> {
  readonly #search: SizeSearch;
  readonly #waiting = new Queue<Waiting<Record>>();
  /** Batches in flight, by their first record. */
  readonly #inFlight = new Map<Waiting<Record>, Sent>();
  #isWarm = false;

  constructor(bounds: SearchBounds) {
    this.#search = new SizeSearch(bounds);
  }

  add(waiting: Waiting<Record>): void {
    this.#waiting.push(waiting);
  }

  next({ flush }: { readonly flush: boolean }): Waiting<Record>[] | undefined {
    const { length } = this.#waiting;
    if (length === 0 || (length < this.#search.size && !flush)) return undefined;
    if (length < this.#search.size) this.#search.unfilled();
    const { size } = this.#search;
    const batch = this.#waiting.take(size);
    const others = [...this.#inFlight.values()];
    const counts =
      this.#isWarm && [{ records: batch.length }, ...others].every(({ records }) => records === size);
    const recordsInFlight = size * (others.length + 1);
    this.#inFlight.set(batch[0] as Waiting<Record>, { records: batch.length, counts, recordsInFlight });
    return batch;
  }

  completed(
    batch: readonly Waiting<Record>[],
    { durationMs, ok }: { readonly durationMs: number; readonly ok: boolean },
  ): void {
    const first = batch[0] as Waiting<Record>;
    const sent = this.#inFlight.get(first);
    this.#inFlight.delete(first);
    this.#isWarm = true;
    if (!ok || !sent?.counts || sent.records !== this.#search.size) return;
    const tookMs = Math.max(durationMs, SHORTEST_MS);
    this.#search.measured(tookMs, (sent.recordsInFlight / tookMs) * 1_000);
  }

  /**
   * `size`: the one that was chosen; `trying`: the neighbour that is measured now, if one is; `throughput`: records per second, and `durationMs`: how long
   * a batch takes, both at the size that was chosen (medians), once that was measured.
   */
  describe(): {
    readonly size: number;
    readonly trying?: number;
    readonly throughput?: number;
    readonly durationMs?: number;
  } {
    const { chosen, size, samples } = this.#search;
    return {
      size: chosen,
      ...(size === chosen ? {} : { trying: size }),
      ...(samples.count === 0 ? {} : { throughput: samples.throughput, durationMs: samples.durationMs }),
    };
  }
}

interface Sent {
  readonly records: number;
  /** Whether its time says something about its size. */
  readonly counts: boolean;
  /** This batch included. */
  readonly recordsInFlight: number;
}
