import { CacheError } from "../errors/cache.js";
import { untilStopped } from "../stopping.js";
import type { Aged, KeyPart, TableKey } from "../store.js";
import { canonical } from "../stores/keys.js";
import type { Landing } from "./cache-flights.js";

import { type CacheUse, noteUse } from "./cache-use.js";
import type { Cached } from "./cached.js";
import { reasonOf, type StageContext } from "./contract.js";
import type { Item } from "./item.js";
import { isThenable } from "./item-operator.js";
import { nodeContext } from "./node-context.js";
import { memberOf } from "./python-member.js";
import type { RouteTo } from "./results.js";

/** A record with its key. */
export interface KeyedItem {
  readonly item: Item;
  readonly key: TableKey;
  /** The same for every key that is the same, and a scalar. */
  readonly id: KeyPart;
}

/** What is to be done with what the table has for a key. */
export type Finding =
  | { readonly kind: "use"; readonly value: unknown; readonly use: CacheUse }
  | { readonly kind: "route"; readonly to: RouteTo; readonly use: CacheUse }
  | { readonly kind: "compute"; readonly use: CacheUse };

const MISS: CacheUse = { kind: "miss" };
const SHARED: CacheUse = { kind: "shared" };
const NEGATIVE: CacheUse = { kind: "negative" };

/** Errors that were thrown for one record, by the cache or by a function of it. */
const ofRecords = new WeakSet<Error>();

/** Whether an error is about the record that it was thrown for, whatever it is. */
export function isOfCache(error: unknown): boolean {
  return error instanceof Error && ofRecords.has(error);
}

/** The cache of one stage of a run: finds, keeps, and puts down how records came by their results. */
export class CacheDesk {
  readonly cached: Cached;
  readonly #context: StageContext;
  /** By the notes of their items, which copies of an item have in common. */
  readonly #ids = new WeakMap<object, KeyPart>();
  readonly #uses = new WeakMap<object, { readonly use: CacheUse; readonly isFinal: boolean }>();

  constructor(cached: Cached, context: StageContext) {
    this.cached = cached;
    this.#context = context;
  }

  /** @throws what `keyOf` does, as an Error, and OptionsError for what is no key. */
  keyed(item: Item): KeyedItem {
    return this.forRecord(() => {
      const key = this.cached.keyOf(item.payload, nodeContext(item, this.#context));
      const id = canonical(key);
      this.#ids.set(item.meta, id);
      return { item, key, id };
    });
  }

  /** Does what may fail for one record alone. @throws an Error that is known to be about it. */
  forRecord<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (thrown) {
      // One object may be thrown by several stages: what is known of it must not be that of another.
      const isOwn = thrown instanceof Error && memberOf(thrown) === 0;
      throw noted(isOwn ? thrown : new Error(reasonOf(thrown), { cause: thrown }));
    }
  }

  /** Why records of a key are rejected for now. */
  rejection({ item, id }: KeyedItem): string | undefined {
    const reason = this.cached.negative?.reasonOf(id, this.#context.clock.now());
    if (reason !== undefined) this.note(item, NEGATIVE);
    return reason;
  }

  /** Remembers that a key was rejected, where that is wanted. */
  reject(id: KeyPart, reason: string): void {
    this.cached.negative?.remember(id, reason, this.#context.clock.now());
  }

  /** What the table has for the keys, expired or not; a promise where it is not in this process. @throws CacheError. */
  read(
    keys: readonly TableKey[],
    stop: AbortSignal,
  ): readonly (Aged<unknown> | undefined)[] | Promise<readonly (Aged<unknown> | undefined)[]> {
    const failed = (cause: unknown): never => {
      if (stop.aborted) throw cause;
      throw noted(new CacheError(this.#context.stage, "read", cause));
    };
    try {
      const entries = this.cached.table.getMany(keys, { allowExpired: true });
      return isThenable(entries) ? untilStopped(entries, stop).catch(failed) : entries;
    } catch (error) {
      return failed(error);
    }
  }

  /** Resolves when the table has them for good. @throws CacheError. */
  async write(entries: readonly (readonly [TableKey, unknown])[], stop: AbortSignal): Promise<void> {
    try {
      await untilStopped(this.cached.table.putMany(entries), stop);
    } catch (cause) {
      if (stop.aborted) throw cause;
      throw noted(new CacheError(this.#context.stage, "write", cause));
    }
  }

  /** What is kept of a result. @throws what `keptOf` does. */
  keptOf(output: unknown): unknown {
    const { keptOf } = this.cached;
    return keptOf === undefined ? output : this.forRecord(() => keptOf(output));
  }

  /** The result of a record, of what was kept. @throws what `outputOf` does. */
  outputOf(value: unknown, item: Item): unknown {
    const { outputOf } = this.cached;
    if (outputOf === undefined) return value;
    return this.forRecord(() => outputOf(value, item.payload, nodeContext(item, this.#context)));
  }

  /** What is to be done with what the table has for a key. No value that is over age is used but as such. */
  judge(entry: Aged<unknown> | undefined, sinceMs = 0): Finding {
    if (entry === undefined || entry.isExpired) return { kind: "compute", use: MISS };
    const { maxAgeMs = Number.POSITIVE_INFINITY, overAge } = this.cached;
    const ageMs = entry.ageMs + sinceMs;
    if (ageMs <= maxAgeMs) return { kind: "use", value: entry.value, use: { kind: "hit", ageMs } };
    if (overAge === "recompute") return { kind: "compute", use: { kind: "miss", overAge: true } };
    if (overAge === "mark")
      return { kind: "use", value: entry.value, use: { kind: "hit", ageMs, overAge: true } };
    return { kind: "route", to: overAge, use: { kind: "routed", ageMs, overAge: true } };
  }

  /** The same with what has come of a key that somebody else had; undefined: nothing. */
  judgeLanding(landing: Landing): Finding | undefined {
    if (landing.kind === "failed") return undefined;
    if (landing.kind === "computed") return { kind: "use", value: landing.value, use: SHARED };
    const finding = this.judge(landing.entry, performance.now() - landing.at);
    return finding.kind === "compute" ? undefined : finding;
  }

  /** @param isFinal whether the record has its result of the stage: where it is tried again because of a later one, that stays how it came by it. */
  note(item: Item, use: CacheUse, isFinal = use.kind !== "miss"): void {
    const known = this.#uses.get(item.meta);
    if (known?.isFinal) return;
    this.#uses.set(item.meta, { use, isFinal });
    noteUse(item, this.#context.stage, use);
  }

  /** Its use so far holds. */
  computed(item: Item): void {
    const known = this.#uses.get(item.meta);
    if (known !== undefined) this.#uses.set(item.meta, { ...known, isFinal: true });
  }

  /** The record has come to its end in the stage, or has come through. */
  settled(item: Item): void {
    this.#context.books.cached(this.#uses.get(item.meta)?.use);
  }

  /** The record was rejected because it has failed in the stage, and not in the cache. */
  failed(item: Item, error: unknown): void {
    const id = this.#ids.get(item.meta);
    if (id !== undefined && !isOfCache(error)) this.reject(id, reasonOf(error));
  }
}

function noted(error: Error): Error {
  ofRecords.add(error);
  return error;
}
