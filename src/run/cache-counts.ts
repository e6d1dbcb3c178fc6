import type { CacheUse } from "../stage/cache-use.js";

/**
 * What the cache of a stage was good for. `hits`, `misses`, `shared`, `negative`, `routed` and `failed` together are the records that came to an end in the stage, or came
 * through it.
 */
export interface CacheStats {
  /** The table had their values. */
  readonly hits: number;
  /** They were computed, or failed when they were. */
  readonly misses: number;
  /** Their keys were being computed for other records, whose values they got. */
  readonly shared: number;
  /** They were rejected as others with their keys had been. */
  readonly negative: number;
  /** They left to the output that `overAge` names. */
  readonly routed: number;
  /** They failed before it was known whether there was a value: `keyOf` threw, the table could not be read, or an equal record had killed its process. */
  readonly failed: number;
  /** Those whose values were older than `maxAge`: `recomputed`, `marked` and `routed` together. */
  readonly overAge: number;
  /** Of `misses`: there was a value, which was over age. */
  readonly recomputed: number;
  /** Of `hits` and `shared`: the value was over age, and was used. */
  readonly marked: number;
  /** The highest age at which a value was used, in milliseconds; left out where none was. */
  readonly oldestMs?: number;
}

/** Counts how records came by their results. */
export class CacheCounts {
  readonly #counts = { hit: 0, miss: 0, shared: 0, negative: 0, routed: 0, failed: 0 };
  #recomputed = 0;
  #marked = 0;
  #oldestMs: number | undefined;

  add(use: CacheUse | undefined): void {
    this.#counts[use?.kind ?? "failed"] += 1;
    if (use?.overAge && use.kind === "miss") this.#recomputed += 1;
    if (use?.kind !== "hit" && use?.kind !== "shared") return;
    if (use.overAge) this.#marked += 1;
    if (use.ageMs !== undefined) this.#oldestMs = Math.max(this.#oldestMs ?? 0, use.ageMs);
  }

  get stats(): CacheStats {
    const { hit, miss, shared, negative, routed, failed } = this.#counts;
    return {
      hits: hit,
      misses: miss,
      shared,
      negative,
      routed,
      failed,
      overAge: this.#recomputed + this.#marked + routed,
      recomputed: this.#recomputed,
      marked: this.#marked,
      ...(this.#oldestMs === undefined ? {} : { oldestMs: this.#oldestMs }),
    };
  }
}
