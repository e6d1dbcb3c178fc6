import type { Delivery } from "slither-ts";
import { expect } from "vitest";
import { type Deferred, deferred } from "../dispatch/deferred.js";

/** What a broker was told of one of its deliveries. */
export interface Told<Record> {
  readonly call: "ack" | "nack";
  readonly record: Record;
  readonly reason: unknown;
}

export interface BrokerOptions<Record> {
  /** How many deliveries may be open at once; default: any number. */
  readonly prefetch?: number;
  /** Whether it waits for more when it has given everything; default: it ends. */
  readonly stays?: boolean;
  /** Where it throws `failure`; default: nowhere. */
  readonly failAt?: number;
  readonly failure?: unknown;
  /** What comes of an `ack` or `nack`; default: nothing. */
  readonly answer?: (told: Told<Record>) => void | PromiseLike<void>;
}

/** A queue in memory that shows what it was told. */
export class Broker<Record> {
  /** Every `ack` and `nack`, as they came. */
  readonly told: Told<Record>[] = [];
  /** How many it has given. */
  given = 0;
  returned = 0;
  readonly #options: BrokerOptions<Record>;
  readonly #queue: Record[];
  readonly #asking: Deferred<IteratorResult<Delivery<Record>>>[] = [];
  readonly #watching: { readonly count: number; readonly reached: Deferred<void> }[] = [];

  constructor(records: readonly Record[], options: BrokerOptions<Record> = {}) {
    this.#queue = [...records];
    this.#options = options;
  }

  readonly deliveries: AsyncIterable<Delivery<Record>> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const asking = deferred<IteratorResult<Delivery<Record>>>();
        this.#asking.push(asking);
        this.#give();
        return asking.promise;
      },
      return: async () => {
        this.returned += 1;
        return { done: true, value: undefined };
      },
    }),
  };

  /** The records that were acknowledged, in that order. */
  get acked(): Record[] {
    return this.#recordsOf("ack");
  }

  /** Those that were given back. */
  get nacked(): Record[] {
    return this.#recordsOf("nack");
  }

  /** One more record comes. */
  deliver(record: Record): void {
    this.#queue.push(record);
    this.#give();
  }

  /** Resolves when it was told of so many. */
  async toldOf(count: number): Promise<void> {
    if (this.told.length >= count) return;
    const reached = deferred();
    this.#watching.push({ count, reached });
    await reached.promise;
  }

  /** Everything that was given was acknowledged or given back, and once. */
  expectToldOnce(): void {
    expect(this.told).toHaveLength(this.given);
    expect(new Set(this.told.map(({ record }) => record)).size).toBe(this.given);
  }

  #recordsOf(wanted: "ack" | "nack"): Record[] {
    return this.told.flatMap(({ call, record }) => (call === wanted ? [record] : []));
  }

  #give(): void {
    const { prefetch = Number.POSITIVE_INFINITY, stays = false, failAt, failure } = this.#options;
    while (this.#asking.length > 0 && this.given - this.told.length < prefetch) {
      if (this.given === failAt) this.#asking.shift()?.reject(failure);
      else if (this.#queue.length > 0) {
        this.given += 1;
        const value = this.#deliveryOf(this.#queue.shift() as Record);
        this.#asking.shift()?.resolve({ done: false, value });
      } else if (stays) return;
      else this.#asking.shift()?.resolve({ done: true, value: undefined });
    }
  }

  #deliveryOf(record: Record): Delivery<Record> {
    return {
      record,
      ack: () => this.#hear({ call: "ack", record, reason: undefined }),
      nack: (reason) => this.#hear({ call: "nack", record, reason }),
    };
  }

  #hear(told: Told<Record>): void | PromiseLike<void> {
    this.told.push(told);
    for (const { count, reached } of this.#watching) if (this.told.length >= count) reached.resolve();
    this.#give();
    return this.#options.answer?.(told);
  }
}
