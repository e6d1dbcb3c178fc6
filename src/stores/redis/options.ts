import { z } from "zod";
import type { Clock } from "../../clock.js";
import { type Duration, duration, plainObject, positiveInteger, text } from "../../options/fields.js";
import type { RemoteTable, TableKey } from "../../store.js";

/** How long values of a remote table are there, and which of them this process may keep copies of. */
export interface RemoteTableOptions {
  /** How long a value is there after it was written; the server takes it away after twice that time. Default: for ever. */
  readonly ttl?: Duration | undefined;
  /** Copies of values in this process. Default: none, every read asks the server. */
  readonly cache?: RemoteCacheOptions | undefined;
}

/** Copies of a remote table's values in this process. */
export interface RemoteCacheOptions {
  /** At most so many; what was not read for the longest time goes first. */
  readonly maxEntries: number;
  /** How long a copy is used after it was read from the server. So long, another process's write may not be seen. */
  readonly maxAge: Duration;
}

const cacheOptions = z.strictObject(
  { maxEntries: positiveInteger, maxAge: duration },
  { error: 'an object such as { maxEntries: 10_000, maxAge: "1s" }' },
);

export const remoteTableOptions = z.strictObject(
  { ttl: duration.optional(), cache: cacheOptions.optional() },
  { error: "an object" },
);

/** The rules of a table, as its definition has them. */
export type RemoteTableRules = z.output<typeof remoteTableOptions>;

/** What is used of a client of `@redis/client`, or of `redis`, version 5 or newer. */
export interface RemoteClient {
  readonly isOpen: boolean;
  sendCommand(
    args: readonly (string | Buffer)[],
    options?: { typeMapping?: object; abortSignal?: AbortSignal },
  ): Promise<unknown>;
  /** As of an `EventEmitter`. */
  on?(event: "error", listener: () => void): unknown;
  off?(event: "error", listener: () => void): unknown;
}

/** Options of `remoteStore()`: `url` or `client`. */
export interface RemoteStoreOptions {
  /** `redis[s]://[[user][:password]@]host[:port][/database]`. */
  readonly url?: string | undefined;
  /** A client of yours, made by `createClient()` and connected. It stays yours: closing the store does not close it. Its `error` events are listened to while the store is open. */
  readonly client?: RemoteClient | undefined;
  /** How long connecting may take. Default `"5s"`. */
  readonly connectTimeout?: Duration | undefined;
  /** How long the server may take to answer a command. Default `"5s"`. */
  readonly commandTimeout?: Duration | undefined;
  /** What the age of copies and the timeouts are measured by, in tests for example `fakeClock()`. The age of values is always the server's. Default: real time. */
  readonly clock?: Clock | undefined;
}

const has = (value: unknown, ...methods: string[]): boolean =>
  typeof value === "object" &&
  value !== null &&
  methods.every((name) => typeof (value as { [name: string]: unknown })[name] === "function");

export const remoteStoreOptions = z
  .strictObject(
    {
      url: text("text such as redis://localhost:6379").optional(),
      client: z
        .custom<RemoteClient>((value) => has(value, "sendCommand"), "a client made by createClient()")
        .optional(),
      connectTimeout: duration.prefault("5s"),
      commandTimeout: duration.prefault("5s"),
      clock: z
        .custom<Clock>((value) => has(value, "now", "sleep"), "a clock: an object with now() and sleep()")
        .optional(),
    },
    { error: "an object with `url` or `client`" },
  )
  .refine(({ url, client }) => (url === undefined) !== (client === undefined), {
    error: "an object with one of `url` and `client`",
  })
  .refine(({ client }) => client === undefined || client.isOpen, {
    path: ["client"],
    error: "connected; call `await client.connect()` first",
  });

export const remoteStoreArguments = z.strictObject({
  name: text("a name that is not empty").refine((name) => name.isWellFormed(), { error: "well-formed text" }),
  definitions: plainObject<Readonly<Record<string, unknown>>>("an object of tables by name"),
});

/** What makes a table of a remote store. Made by `remoteTable()`. */
export interface RemoteTableDefinition<Key extends TableKey, Value> {
  readonly kind: "remote";
  /** The type of the table that it makes; there is no such field. */
  readonly opened?: RemoteTable<Key, Value>;
}
