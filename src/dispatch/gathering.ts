import { inspect } from "node:util";
import { BatchingError } from "../errors/batching.js";
import { show } from "../options/parse.js";
import type { Entry } from "./entry.js";
import type { BatchStrategy } from "./strategy.js";

/** A strategy, held to its contract: what users write may lose or double records, and must not do so in silence. */
export class Gathering<Record, Result> {
  readonly #strategy: BatchStrategy<Record>;
  /** How many records the strategy has. */
  waiting = 0;

  constructor(strategy: BatchStrategy<Record>) {
    this.#strategy = strategy;
  }

  /** @throws BatchingError. */
  get dueAt(): number | undefined {
    const dueAt: unknown = this.#guarded("dueAt", () => this.#strategy.dueAt);
    if (dueAt === undefined || (typeof dueAt === "number" && !Number.isNaN(dueAt))) return dueAt;
    throw new BatchingError(
      `expected dueAt to be milliseconds on the run's clock, or undefined, got ${show(dueAt)}`,
    );
  }

  /** @throws BatchingError. */
  get gathersAhead(): boolean {
    return this.#guarded("gathersAhead", () => this.#strategy.gathersAhead === true);
  }

  /** @throws what the strategy throws at this record, which it then does not have. */
  add(entry: Entry<Record, Result>): void {
    this.#strategy.add(entry);
    entry.isWaiting = true;
    this.waiting += 1;
  }

  /** @throws BatchingError when the strategy breaks its contract. */
  next(now: number, flush: boolean): Entry<Record, Result>[] | undefined {
    const batch: unknown = this.#guarded("next()", () => this.#strategy.next({ now, flush }));
    if (batch === undefined) return undefined;
    if (!Array.isArray(batch) || batch.length === 0)
      throw new BatchingError(`expected next() to give an array of records or undefined, got ${show(batch)}`);
    for (const entry of batch as Entry<Record, Result>[]) {
      if (entry?.isWaiting !== true) {
        throw new BatchingError(
          `expected next() to give each record that was added once, as it was added, got ${entry?.isWaiting === false ? "one that it has given before, or did not take" : show(entry)}`,
        );
      }
      entry.isWaiting = false;
    }
    this.waiting -= batch.length;
    return batch as Entry<Record, Result>[];
  }

  /** There is no batch although there must be one. @throws BatchingError. */
  stalls(): never {
    throw new BatchingError(
      `expected next({ flush: true }) to give a batch, as ${this.waiting} records wait and none is worked on, got none`,
    );
  }

  /** @throws BatchingError. */
  completed(batch: readonly Entry<Record, Result>[], how: { durationMs: number; ok: boolean }): void {
    this.#guarded("completed()", () => this.#strategy.completed?.(batch, how));
  }

  /** What it throws is in the field `error`: statistics are no reason to lose what a run has done, nor to keep quiet. */
  describe(): Readonly<{ [setting: string]: unknown }> | undefined {
    try {
      return this.#strategy.describe?.();
    } catch (error) {
      return {
        error: `expected describe() of the batching strategy not to throw, got ${inspect(error, { depth: 0 })}`,
      };
    }
  }

  #guarded<Value>(member: string, call: () => Value): Value {
    try {
      return call();
    } catch (cause) {
      throw new BatchingError(`expected ${member} of the batching strategy not to throw`, cause);
    }
  }
}
