import { show } from "../../options/parse.js";
import type { BatchStrategy, Waiting } from "../strategy.js";
import { Queue } from "./queue.js";

/**
 * Batches of neighbours in the input that together weigh at most `maxWeight`, each as long as that allows. A batch that weighs `maxWeight` is full.
 * A record that is heavier goes alone.
 */
export class WeightedBatches<Record> implements BatchStrategy<Record> {
  readonly #maxWeight: number;
  readonly #weightOf: (record: Record) => number;
  readonly #full = new Queue<Waiting<Record>[]>();
  #open: Waiting<Record>[] = [];
  #openWeight = 0;

  constructor({
    maxWeight,
    weightOf,
  }: {
    readonly maxWeight: number;
    readonly weightOf: (record: Record) => number;
  }) {
    this.#maxWeight = maxWeight;
    this.#weightOf = weightOf;
  }

  /** @throws TypeError for a weight that is no finite number from 0. */
  add(waiting: Waiting<Record>): void {
    const weight = requireWeight(this.#weightOf(waiting.record));
    if (this.#open.length > 0 && this.#openWeight + weight > this.#maxWeight)
      this.#full.push(this.#takeOpen());
    this.#open.push(waiting);
    this.#openWeight += weight;
    if (this.#openWeight >= this.#maxWeight) this.#full.push(this.#takeOpen());
  }

  next({ flush }: { readonly flush: boolean }): Waiting<Record>[] | undefined {
    const batch = this.#full.shift();
    if (batch !== undefined || !flush || this.#open.length === 0) return batch;
    return this.#takeOpen();
  }

  #takeOpen(): Waiting<Record>[] {
    const batch = this.#open;
    this.#open = [];
    this.#openWeight = 0;
    return batch;
  }
}

function requireWeight(weight: unknown): number {
  if (typeof weight === "number" && weight >= 0 && weight < Number.POSITIVE_INFINITY) return weight;
  throw new TypeError(`expected weight() to return a finite number from 0, got ${show(weight)}`);
}
