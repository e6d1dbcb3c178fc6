import { untilStopped } from "../stopping.js";
import type { Aged } from "../store.js";
import type { CacheDesk, Finding, KeyedItem } from "./cache-desk.js";
import type { Flight } from "./cache-flights.js";
import type { Item } from "./item.js";
import { isThenable } from "./item-operator.js";
import { NodeResult, Reject } from "./results.js";

/** Computes the result of a record; may be asynchronous. */
type Compute = () => unknown;

/** A node stage that has a cache: its function is called for what is not there. */
export class CachedItems {
  readonly #desk: CacheDesk;
  readonly #stopped: AbortSignal;

  constructor(desk: CacheDesk, stopped: AbortSignal) {
    this.#desk = desk;
    this.#stopped = stopped;
  }

  /** What the table has for an item, else what `compute` gives, which is put there. @throws what `compute` throws; CacheError. */
  apply(item: Item, compute: Compute): unknown {
    const row = this.#desk.keyed(item);
    const reason = this.#desk.rejection(row);
    if (reason !== undefined) return new Reject(reason);
    const { flights } = this.#desk.cached;
    const flight = flights.of(row.id);
    if (flight !== undefined) return this.#join(row, flight, compute);
    const found = this.#desk.read([row.key], this.#stopped);
    if (isThenable(found)) return this.#awaited(row, flights.take(row.id), found, compute);
    const finding = this.#desk.judge(found[0]);
    if (finding.kind !== "compute") return this.#answer(row, finding);
    this.#desk.note(item, finding.use);
    return this.#compute(row, flights.take(row.id), compute);
  }

  async #join(row: KeyedItem, flight: Flight, compute: Compute): Promise<unknown> {
    const finding = this.#desk.judgeLanding(await untilStopped(flight.landed, this.#stopped));
    if (finding === undefined || finding.kind === "compute") return this.apply(row.item, compute);
    return this.#answer(row, finding);
  }

  async #awaited(
    row: KeyedItem,
    flight: Flight,
    found: PromiseLike<readonly (Aged<unknown> | undefined)[]>,
    compute: Compute,
  ): Promise<unknown> {
    try {
      const [entry] = await found;
      const finding = this.#desk.judge(entry);
      if (finding.kind !== "compute") {
        flight.land({ kind: "read", entry: entry as Aged<unknown>, at: performance.now() });
        return this.#answer(row, finding);
      }
      this.#desk.note(row.item, finding.use);
      return await this.#compute(row, flight, compute);
    } finally {
      flight.land({ kind: "failed" });
    }
  }

  async #compute({ item, id, key }: KeyedItem, flight: Flight, compute: Compute): Promise<unknown> {
    try {
      const result = await untilStopped(Promise.resolve(compute()), this.#stopped);
      // A decision about this record: of another with its key it may be another one.
      if (result instanceof NodeResult) {
        if (result instanceof Reject) this.#desk.reject(id, result.reason);
        return result;
      }
      this.#desk.computed(item);
      const value = this.#desk.keptOf(result);
      await this.#desk.write([[key, value]], this.#stopped);
      flight.land({ kind: "computed", value });
      return result;
    } finally {
      flight.land({ kind: "failed" });
    }
  }

  #answer({ item }: KeyedItem, finding: Exclude<Finding, { kind: "compute" }>): unknown {
    this.#desk.note(item, finding.use);
    return finding.kind === "route" ? finding.to : this.#desk.outputOf(finding.value, item);
  }
}
