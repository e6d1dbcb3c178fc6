import type { LRUCache } from "lru-cache";
import { z } from "zod";
import { callback, type Duration, duration, positiveInteger } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";
import type { KeyPart, RemoteTable, Table, TableKey } from "../store.js";
import { lastUsed } from "../stores/last-used.js";
import { Flights } from "./cache-flights.js";
import type { NodeContext } from "./node-context.js";
import { RouteTo } from "./results.js";

/** What a cache is kept in: a set or ordered table of a store, or a remote one. */
export type CacheTable<Key extends TableKey, Value> = Table<Key, Value> | RemoteTable<Key, Value>;

/** Options of `cached()`. */
export interface CachedOptions<Route extends string = never> {
  /** Up to which age a value is used as it is: the age that it has when it goes on. Default: as long as the table gives it, by its `ttl`. */
  maxAge?: Duration | undefined;
  /**
   * What happens to records whose value is older than `maxAge`. `"recompute"`: as if there were none. `"mark"`: it is used, and `meta` says so. `routeTo(name)`: the
   * record goes to that output, with the payload that the stage was given. Default `"recompute"`.
   */
  overAge?: "recompute" | "mark" | RouteTo<Route> | undefined;
  /**
   * Remembers in this process which keys were rejected: for so long, records with the key, where the table has no value for it, are rejected with the same reason, and not
   * computed. `maxEntries`: default 10,000, of which those that were not asked for longest go first. Default: nothing is remembered of what was rejected.
   */
  negative?: { ttl: Duration; maxEntries?: number | undefined } | undefined;
}

/** What makes a value of a result, and a result of a value. */
export interface CachedConversion<Value, Payload, Output, Context> {
  /** What is kept of a result. */
  keptOf: (output: Output) => Value;
  /** The result of a record whose value was there already. */
  outputOf: (value: Value, payload: Payload, context: Context) => Output;
}

/** The same where the whole result is kept. */
export interface CachedOutput<Value, Payload, Context> {
  keptOf?: undefined;
  outputOf?: ((value: Value, payload: Payload, context: Context) => Value) | undefined;
}

/** What a cache is made for. What is kept comes from results, and becomes results again: they must be the very type. */
export interface CachedTypes<Payload, Output, Context> {
  readonly takes: (payload: Payload, context: Context) => void;
  readonly gives: (output: Output) => Output;
}

/** The option `cache` of a stage, made by `cached()`. Stages and runs that have the same one compute each key once, however many ask for it at a time. */
// biome-ignore lint/suspicious/noExplicitAny: without types it is one for whatever stage.
export class Cached<Payload = any, Output = any, Context = any, Route extends string = string> {
  /** For the compiler alone: there is no such field. What uses the types is of this package alone, and no published type has it. */
  declare readonly "~types"?: CachedTypes<Payload, Output, Context> | undefined;
  /** @internal */
  readonly table: CacheTable<TableKey, unknown>;
  /** @internal */
  readonly keyOf: (payload: Payload, context: Context) => TableKey;
  /** @internal */
  readonly keptOf: ((output: Output) => unknown) | undefined;
  /** @internal */
  readonly outputOf: ((value: unknown, payload: Payload, context: Context) => Output) | undefined;
  /** In milliseconds. */
  readonly maxAgeMs: number | undefined;
  readonly overAge: "recompute" | "mark" | RouteTo<Route>;
  /** @internal Whose keys are being computed. */
  readonly flights = new Flights();
  /** @internal Why keys were rejected; undefined where that is not remembered. */
  readonly negative: NegativeMemory | undefined;

  /** @internal Made by `cached()`. */
  constructor(
    table: CacheTable<TableKey, unknown>,
    keyOf: (payload: Payload, context: Context) => TableKey,
    { maxAge, overAge, negative, keptOf, outputOf }: z.output<typeof cachedOptions>,
  ) {
    this.table = table;
    this.keyOf = keyOf;
    this.maxAgeMs = maxAge;
    this.overAge = overAge as Cached<Payload, Output, Context, Route>["overAge"];
    this.keptOf = keptOf;
    this.outputOf = outputOf as Cached<Payload, Output, Context, Route>["outputOf"];
    this.negative = negative && new NegativeMemory(negative.ttl, negative.maxEntries);
    Object.freeze(this);
  }
}

/** Why keys were rejected, for a while. */
export class NegativeMemory {
  readonly ttlMs: number;
  readonly maxEntries: number;
  readonly #reasons: LRUCache<KeyPart, { readonly reason: string; readonly until: number }>;

  constructor(ttlMs: number, maxEntries: number) {
    this.ttlMs = ttlMs;
    this.maxEntries = maxEntries;
    this.#reasons = lastUsed(maxEntries);
  }

  /** @param now in milliseconds, on the clock of whoever asks. */
  reasonOf(id: KeyPart, now: number): string | undefined {
    const known = this.#reasons.get(id);
    if (known === undefined || now < known.until) return known?.reason;
    this.#reasons.delete(id);
    return undefined;
  }

  remember(id: KeyPart, reason: string, now: number): void {
    this.#reasons.set(id, { reason, until: now + this.ttlMs });
  }
}

const cachedArguments = z.strictObject({
  table: z.custom<CacheTable<TableKey, unknown>>(isTable, {
    error: "a set or ordered table of a store, or a remote table",
  }),
  keyOf: callback<(payload: never, context: never) => TableKey>(
    "a function from payload and context to a key",
  ),
});

/** What `cached()` takes as its options. */
export const cachedOptions = z
  .strictObject(
    {
      maxAge: duration.optional(),
      overAge: z
        .custom<"recompute" | "mark" | RouteTo>(
          (value) => value === "recompute" || value === "mark" || value instanceof RouteTo,
          { error: '"recompute", "mark" or routeTo(name)' },
        )
        .default("recompute"),
      keptOf: callback<(output: unknown) => unknown>(
        "a function from a result to what is kept of it",
      ).optional(),
      outputOf: callback<(value: unknown, payload: unknown, context: NodeContext) => unknown>(
        "a function from what was kept, payload and context to a result",
      ).optional(),
      negative: z
        .strictObject(
          { ttl: duration, maxEntries: positiveInteger.default(10_000) },
          { error: "an object with `ttl`" },
        )
        .optional(),
    },
    { error: "an object" },
  )
  .refine(({ maxAge, overAge }) => maxAge !== undefined || overAge === "recompute", {
    path: ["overAge"],
    error: "left out where there is no `maxAge`, without which no value is over age",
  })
  .refine(({ keptOf, outputOf }) => keptOf === undefined || outputOf !== undefined, {
    path: ["outputOf"],
    error: "a function beside `keptOf`, which makes a result of what was kept",
  });

/** A cache that says nothing of its context fits every stage, wherever it was made. */
type NeededContext<Context> = Context extends NodeContext
  ? [string, string] extends [keyof Context["stores"], keyof Context["metadata"]]
    ? NodeContext<object, object>
    : Context
  : Context;

/**
 * The option `cache` of a node or python stage: results that a table has are not computed, and those that are computed are put there before their records go on. A key
 * that is being computed is waited for, and not computed twice, wherever the same object is used: in a batch, in batches in flight, in runs and sessions of this process.
 *
 * Values are not copied: whoever changes a payload of a table in memory changes what is kept.
 *
 * @param keyOf what a result is found by; the same key must mean the same result. When it throws, the record fails in the stage.
 * @throws OptionsError.
 *
 * @example
 * pipe.python("embed", { …, cache: cached(texts.vectors, ({ text }) => text, { maxAge: "1d" }) })
 */
export function cached<
  const Key extends TableKey,
  Value,
  Payload,
  Output,
  Context = NodeContext,
  const Route extends string = never,
>(
  table: CacheTable<Key, Value>,
  keyOf: (payload: Payload, context: Context) => Key,
  options: CachedOptions<Route> & CachedConversion<Value, Payload, Output, Context>,
): Cached<Payload, Output, NeededContext<Context>, Route>;
/** As above, where the whole result is kept. */
export function cached<
  const Key extends TableKey,
  Value,
  Payload,
  Context = NodeContext,
  const Route extends string = never,
>(
  table: CacheTable<Key, Value>,
  keyOf: (payload: Payload, context: Context) => Key,
  options?: CachedOptions<Route> & CachedOutput<Value, Payload, Context>,
): Cached<Payload, Value, NeededContext<Context>, Route>;
export function cached(table: unknown, keyOf: unknown, options: unknown = {}): Cached {
  const given = parseOptions("cached()", cachedArguments, { table, keyOf });
  const parsed = parseOptions("cached()", cachedOptions, options);
  return new Cached(given.table, given.keyOf as Cached["keyOf"], parsed);
}

/** A bag has several values for a key, and no such method. */
function isTable(value: unknown): boolean {
  const table = value as Partial<Table<TableKey, unknown>> | null | undefined;
  return [table?.getMany, table?.putMany, table?.compareAndSet].every((each) => typeof each === "function");
}
