import { CacheError } from "../errors/cache.js";
import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import { untilStopped } from "../stopping.js";
import type { Aged, KeyPart, TableKey } from "../store.js";
import { canonical, keptKey } from "../stores/keys.js";
import { CacheAges } from "./cache-age.js";
import type { Dated } from "./cache-flights.js";
import { type CacheUse, noteUse } from "./cache-use.js";
import type { Cached } from "./cached.js";
import { reasonOf, type StageContext, waiting } from "./contract.js";
import type { Item } from "./item.js";
import { isThenable } from "./item-operator.js";
import { nodeContext } from "./node-context.js";
import { memberOf } from "./python-member.js";

/** A record with its key. */
export interface KeyedItem {
  readonly item: Item;
  readonly key: TableKey;
  /** The same for every key that is the same, and a scalar. */
  readonly id: KeyPart;
}

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
  readonly ages: CacheAges;
  readonly #context: StageContext;
  /** By the notes of their items, which copies of an item have in common. */
  readonly #ids = new WeakMap<object, KeyPart>();
  readonly #uses = new WeakMap<object, { readonly use: CacheUse; readonly isComputed: boolean }>();

  constructor(cached: Cached, context: StageContext) {
    this.cached = cached;
    this.ages = new CacheAges(cached, context.clock);
    this.#context = context;
  }

  /** @throws what `keyOf` does, as an Error, and OptionsError for what is no key. */
  keyed(item: Item): KeyedItem {
    return this.forRecord(() => {
      const key = this.cached.keyOf(item.payload, nodeContext(item, this.#context));
      const id = this.#idOf(key);
      this.#ids.set(item.meta, id);
      return { item, key: keptKey(key), id };
    });
  }

  #idOf(key: TableKey): KeyPart {
    try {
      return canonical(key);
    } catch (error) {
      const where = `cache of stage ${this.#context.stage}: keyOf`;
      throw error instanceof OptionsError ? new OptionsError(where, error.problems, error) : error;
    }
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
  ): readonly (Dated | undefined)[] | Promise<readonly (Dated | undefined)[]> {
    const failed = (cause: unknown): never => {
      if (stop.aborted) throw cause;
      throw noted(new CacheError(this.#context.stage, "read", cause));
    };
    const dated = (entries: readonly (Aged<unknown> | undefined)[]) => this.#dated(entries, keys.length);
    try {
      const entries = this.cached.table.getMany(keys, { allowExpired: true });
      if (!isThenable(entries)) return dated(entries);
      return waiting("cache", this.#context.books, untilStopped(entries, stop)).then(dated).catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** @throws TypeError where a table of the user's own does not keep to the contract. */
  #dated(entries: readonly (Aged<unknown> | undefined)[], count: number): readonly (Dated | undefined)[] {
    if (!Array.isArray(entries) || entries.length !== count) {
      const got = show(entries);
      throw new TypeError(`expected getMany() to give an array of ${count}, one for each key, got ${got}`);
    }
    const at = this.ages.now;
    return entries.map(
      (entry) => entry && { value: entry.value, ageMs: entry.ageMs, isExpired: entry.isExpired, at },
    );
  }

  /** Resolves when the table has them for good. @throws CacheError. */
  async write(entries: readonly (readonly [TableKey, unknown])[], stop: AbortSignal): Promise<void> {
    try {
      const writing = this.cached.table.putMany(entries);
      await waiting("cache", this.#context.books, untilStopped(writing, stop));
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

  /**
   * Puts down how a record comes by its result. Where it is tried again, the last one holds; only what was computed for it, and is found in the table now, was computed for it
   * all the same.
   */
  note(item: Item, use: CacheUse): void {
    const isFound = (use.kind === "hit" || use.kind === "shared") && !use.overAge;
    if (isFound && this.#uses.get(item.meta)?.isComputed) return;
    this.#uses.set(item.meta, { use, isComputed: false });
    noteUse(item, this.#context.stage, use);
  }

  /** The record has its result of the stage, whatever becomes of it further on: its use so far holds. */
  computed(item: Item): void {
    const known = this.#uses.get(item.meta);
    if (known !== undefined) this.#uses.set(item.meta, { ...known, isComputed: true });
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
