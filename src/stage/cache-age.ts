import type { Clock } from "../clock.js";
import { type TableTime, timeOf } from "../stores/table-time.js";
import type { Dated } from "./cache-flights.js";
import type { CacheUse } from "./cache-use.js";
import type { Cached } from "./cached.js";
import type { RouteTo } from "./results.js";

/** What is to be done with what the table has for a key. */
export type Finding =
  | { readonly kind: "use"; readonly value: unknown; readonly use: CacheUse }
  | { readonly kind: "route"; readonly to: RouteTo; readonly use: CacheUse }
  | { readonly kind: "compute"; readonly use: CacheUse };

const MISS: CacheUse = { kind: "miss" };

/** Says how old the values of a cache are, and what follows from it. All of that is on one clock: that of the table. */
export class CacheAges {
  readonly #cached: Cached;
  readonly #time: TableTime;

  /** @param clock that of a table which is not one of ours. */
  constructor(cached: Cached, clock: Clock) {
    this.#cached = cached;
    this.#time = timeOf(cached.table) ?? { now: () => clock.now(), ttlMs: Number.POSITIVE_INFINITY };
  }

  get now(): number {
    return this.#time.now();
  }

  /**
   * What is to be done with a value now. None that is over age is used but as such.
   *
   * @param isShared whether it was computed for another record.
   */
  judge(dated: Dated | undefined, isShared = false, now = this.now): Finding {
    if (dated === undefined || dated.isExpired) return { kind: "compute", use: MISS };
    const ageMs = dated.ageMs + Math.max(0, now - dated.at);
    if (ageMs >= this.#time.ttlMs) return { kind: "compute", use: MISS };
    const { value } = dated;
    const { maxAgeMs = Number.POSITIVE_INFINITY, overAge } = this.#cached;
    const kind = isShared ? "shared" : "hit";
    // A value that was put there in this moment has no age to speak of.
    const age = isShared && ageMs === 0 ? {} : { ageMs };
    if (ageMs <= maxAgeMs) return { kind: "use", value, use: { kind, ...age } };
    if (overAge === "recompute") return { kind: "compute", use: { kind: "miss", overAge: true } };
    if (overAge === "mark") return { kind: "use", value, use: { kind, ageMs, overAge: true } };
    return { kind: "route", to: overAge, use: { kind: "routed", ageMs, overAge: true } };
  }
}
