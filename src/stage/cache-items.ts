import { untilStopped } from "../stopping.js";
import type { Finding } from "./cache-age.js";
import type { CacheDesk, KeyedItem } from "./cache-desk.js";
import type { Dated, Flight } from "./cache-flights.js";
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
    return this.#look(this.#desk.keyed(item), compute, false);
  }

  /** @param isInVain whether it has waited for somebody already, of whom nothing came: it does not wait again. */
  #look(row: KeyedItem, compute: Compute, isInVain: boolean): unknown {
    const { flights } = this.#desk.cached;
    const flight = isInVain ? undefined : flights.of(row.id);
    if (flight !== undefined) return this.#join(row, flight, compute);
    const found = this.#desk.read([row.key], this.#stopped);
    // Before anybody else can ask: who asks meanwhile waits for what comes of it.
    if (isThenable(found)) return this.#awaited(row, flights.take(row.id), found, compute);
    return this.#found(row, found[0], () => this.#compute(row, flights.take(row.id), compute));
  }

  async #join(row: KeyedItem, flight: Flight, compute: Compute): Promise<unknown> {
    const landing = await untilStopped(flight.landed, this.#stopped);
    if (landing.kind !== "there") return this.#look(row, compute, landing.kind === "nothing");
    const finding = this.#desk.ages.judge(landing.dated, landing.isComputed);
    return finding.kind === "compute" ? this.#look(row, compute, true) : this.#answer(row, finding);
  }

  async #awaited(
    row: KeyedItem,
    flight: Flight | undefined,
    found: PromiseLike<readonly (Dated | undefined)[]>,
    compute: Compute,
  ): Promise<unknown> {
    try {
      const [dated] = await found;
      return await this.#found(
        row,
        dated,
        () => this.#compute(row, flight, compute),
        () => flight?.land({ kind: "there", dated: dated as Dated, isComputed: false }),
      );
    } finally {
      flight?.land({ kind: "dropped" });
    }
  }

  /** What comes of what the table has. `onThere` is called where that is used. */
  #found(row: KeyedItem, dated: Dated | undefined, computed: () => unknown, onThere?: () => void): unknown {
    const finding = this.#desk.ages.judge(dated);
    if (finding.kind !== "compute") {
      onThere?.();
      return this.#answer(row, finding);
    }
    const reason = this.#desk.rejection(row);
    if (reason !== undefined) return new Reject(reason);
    this.#desk.note(row.item, finding.use);
    return computed();
  }

  async #compute(
    { item, id, key }: KeyedItem,
    flight: Flight | undefined,
    compute: Compute,
  ): Promise<unknown> {
    try {
      const result = await untilStopped(Promise.resolve(compute()), this.#stopped);
      // A decision about this record: of another with its key it may be another one.
      if (result instanceof NodeResult) {
        if (result instanceof Reject) this.#desk.reject(id, result.reason);
        return result;
      }
      this.#desk.computed(item);
      const value = this.#desk.keptOf(result);
      const at = this.#desk.ages.now;
      await this.#desk.write([[key, value]], this.#stopped);
      flight?.land({ kind: "there", dated: { value, ageMs: 0, isExpired: false, at }, isComputed: true });
      return result;
    } finally {
      // Who is stopped has not tried.
      flight?.land({ kind: this.#stopped.aborted ? "dropped" : "nothing" });
    }
  }

  #answer({ item }: KeyedItem, finding: Exclude<Finding, { kind: "compute" }>): unknown {
    this.#desk.note(item, finding.use);
    return finding.kind === "route" ? finding.to : this.#desk.outputOf(finding.value, item);
  }
}
