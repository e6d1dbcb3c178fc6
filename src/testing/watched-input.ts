import type { PipePlan } from "../plan/plan.js";
import type { ItemId } from "../stage/item.js";

/** Thrown by the input in the scenario "throwing input". */
export class InputBroke extends Error {}

/** The input of one trial, which is watched as the run reads it. */
export class WatchedInput {
  readonly records: Iterable<unknown> | AsyncIterable<unknown>;
  /** The ids of the records that were given, in order. */
  readonly ids: ItemId[] = [];
  readonly #idOf: PipePlan["id"];
  readonly #breaksAt: number;

  /** @param breaksAt how many records it gives before it throws. */
  constructor(
    records: Iterable<unknown> | AsyncIterable<unknown>,
    idOf: PipePlan["id"],
    breaksAt = Number.POSITIVE_INFINITY,
  ) {
    this.#idOf = idOf;
    this.#breaksAt = breaksAt;
    this.records = Symbol.asyncIterator in records ? this.#async(records) : this.#sync(records);
  }

  get isAsync(): boolean {
    return Symbol.asyncIterator in this.records;
  }

  /** How many it has given. */
  get given(): number {
    return this.ids.length;
  }

  *#sync(records: Iterable<unknown>): Generator<unknown> {
    for (const record of records) yield this.#note(record);
    this.#checkBroken();
  }

  async *#async(records: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    for await (const record of records) yield this.#note(record);
    this.#checkBroken();
  }

  #note(record: unknown): unknown {
    this.#checkBroken();
    const position = this.ids.length;
    this.ids.push(this.#idOf?.(record, position) ?? position);
    return record;
  }

  #checkBroken(): void {
    if (this.ids.length >= this.#breaksAt)
      throw new InputBroke(`the input threw after ${this.ids.length} records`);
  }
}
