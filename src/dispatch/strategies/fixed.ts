import type { BatchStrategy, Waiting } from "../strategy.js";
import { Queue } from "./queue.js";

/** Batches of exactly `size` records; with a flush, what is left. */
export class FixedBatches<Record> implements BatchStrategy<Record> {
  readonly #size: number;
  readonly #full = new Queue<Waiting<Record>[]>();
  #open: Waiting<Record>[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** The record that has waited longest. */
  get oldest(): Waiting<Record> | undefined {
    return (this.#full.first ?? this.#open)[0];
  }

  add(waiting: Waiting<Record>): void {
    this.#open.push(waiting);
    if (this.#open.length === this.#size) this.#full.push(this.#takeOpen());
  }

  next({ flush }: { readonly flush: boolean }): Waiting<Record>[] | undefined {
    const batch = this.#full.shift();
    if (batch !== undefined || !flush || this.#open.length === 0) return batch;
    return this.#takeOpen();
  }

  #takeOpen(): Waiting<Record>[] {
    const batch = this.#open;
    this.#open = [];
    return batch;
  }
}
