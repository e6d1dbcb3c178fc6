import type { BatchStrategy, Waiting } from "../strategy.js";
import { FixedBatches } from "./fixed.js";

/** Batches of `maxSize` records, or of what there is once the oldest has waited `maxWaitMs`. */
export class MicroBatches<Record> implements BatchStrategy<Record> {
  readonly gathersAhead = true;
  readonly #maxWaitMs: number;
  readonly #batches: FixedBatches<Record>;

  constructor({ maxSize, maxWaitMs }: { readonly maxSize: number; readonly maxWaitMs: number }) {
    this.#maxWaitMs = maxWaitMs;
    this.#batches = new FixedBatches(maxSize);
  }

  get dueAt(): number | undefined {
    const { oldest } = this.#batches;
    return oldest && oldest.since + this.#maxWaitMs;
  }

  add(waiting: Waiting<Record>): void {
    this.#batches.add(waiting);
  }

  next({ now, flush }: { readonly now: number; readonly flush: boolean }): Waiting<Record>[] | undefined {
    const { dueAt } = this;
    const isDue = dueAt !== undefined && now >= dueAt;
    return this.#batches.next({ flush: flush || isDue });
  }
}
