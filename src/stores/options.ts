import { z } from "zod";
import type { Clock } from "../clock.js";
import {
  abortSignal,
  callback,
  type Duration,
  duration,
  plainObject,
  positiveInteger,
  type Size,
  size,
  text,
} from "../options/fields.js";
import type { KeyPart, StoreBackend, TableKey } from "../store.js";
import { isKey } from "./keys.js";

/** How old and how large a table may get. */
export interface TableOptions<Key extends TableKey = TableKey, Value = unknown> {
  /** How long a value is there after it was written. Default: as long as the table. */
  readonly ttl?: Duration | undefined;
  /** At most so many entries, expired ones among them. These go first, then what was not used for the longest time. Default: any number. */
  readonly maxEntries?: number | undefined;
  /** At most so many bytes of keys and values, about. What is expired goes first, then what was not used for the longest time. Default: any number. */
  readonly maxBytes?: Size | undefined;
  /** How many bytes of `maxBytes` an entry takes: 0 or more. Default: an estimate from the parts of the key and the value. */
  readonly sizeOf?: ((value: Value, key: Key) => number) | undefined;
}

export const tableOptions = z
  .strictObject({
    ttl: duration.optional(),
    maxEntries: positiveInteger.optional(),
    maxBytes: size.optional(),
    sizeOf: callback<(value: unknown, key: TableKey) => number>("a function").optional(),
  })
  .refine(({ sizeOf, maxBytes }) => sizeOf === undefined || maxBytes !== undefined, {
    path: ["sizeOf"],
    error: "left out where there is no `maxBytes`, which it is for",
  });

/** The rules of a table, as its definition has them. */
export interface TableRules extends z.output<typeof tableOptions> {
  readonly kind: "set" | "ordered" | "bag";
}

/** How a store is opened; `Fresh` are the empty tables that a load fills. */
export interface StoreOptions<Fresh = unknown> {
  /** Keeps the tables beyond the life of this process, for example `durable()` of `slither-ts/durable`. Default: they live in memory alone. */
  readonly backend?: StoreBackend | undefined;
  /** Fills the tables when `load()` is called without a function. */
  readonly load?: ((fresh: Fresh) => Promise<void> | void) | undefined;
  /**
   * What `ttl` and ages are measured by, in tests for example `fakeClock()`. With a backend, its time has to go on where it was when the store was closed. Default: the
   * time of this machine.
   */
  readonly clock?: Clock | undefined;
}

const isBackend = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as StoreBackend).open === "function";

const isClock = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ["now", "sleep"].every((name) => isMethod(value, name));

function isMethod(value: object, name: string): boolean {
  return typeof (value as { [name: string]: unknown })[name] === "function";
}

export const storeOptions = z.strictObject({
  backend: z.custom<StoreBackend>(isBackend, "a backend, such as durable() makes").optional(),
  load: callback<(fresh: never) => Promise<void> | void>("a function").optional(),
  clock: z.custom<Clock>(isClock, "a clock: an object with now() and sleep()").optional(),
});

export const storeArguments = z.strictObject({
  name: text("a name that is not empty"),
  definitions: plainObject<Readonly<Record<string, unknown>>>("an object of tables by name"),
});

const key = z.custom<TableKey>(isKey, "a key: a string, number, bigint, boolean, or an array of these");

export const watchOptions = z.strictObject({ key: key.optional(), signal: abortSignal.optional() });

const prefix = z.custom<string | readonly KeyPart[]>(
  (value) => typeof value === "string" || (Array.isArray(value) && isKey(value)),
  "text, or an array of the first parts of keys",
);

const limit = z.int({ error: "an integer from 0" }).nonnegative({ error: "an integer from 0" });

export const rangeOptions = z.strictObject({
  from: key.optional(),
  to: key.optional(),
  prefix: prefix.optional(),
  reverse: z.boolean({ error: "true or false" }).optional(),
  limit: limit.optional(),
});
