import type { BatchStrategy } from "../strategy.js";

/** Batches of exactly `batchSize` records; the last one holds what is left. */
export class FixedBatches<Record> implements BatchStrategy<Record> {
  readonly #batchSize: number;
  #records: Record[] = [];

  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  get held(): readonly Record[] {
    return this.#records;
  }

  add(record: Record): Record[] | undefined {
    this.#records.push(record);
    return this.#records.length < this.#batchSize ? undefined : this.#take();
  }

  flush(): Record[] | undefined {
    return this.#records.length === 0 ? undefined : this.#take();
  }

  #take(): Record[] {
    const batch = this.#records;
    this.#records = [];
    return batch;
  }
}
