import { type Clock, realClock } from "../../clock.js";
import { OptionsError } from "../../errors/options.js";
import { parseOptions, show } from "../../options/parse.js";
import type { RemoteTable, TableKey } from "../../store.js";
import { wallClock } from "../wall-clock.js";
import { connect } from "./connect.js";
import { Connection } from "./connection.js";
import {
  type RemoteClient,
  type RemoteStoreOptions,
  type RemoteTableDefinition,
  type RemoteTableOptions,
  type RemoteTableRules,
  remoteStoreArguments,
  remoteStoreOptions,
  remoteTableOptions,
} from "./options.js";
import { RedisTable } from "./table.js";

/** Copies grow old while the machine is suspended, too; who waits for the server keeps the process alive. */
const CLOCK: Clock = { now: wallClock.now, sleep: realClock.sleep };

/** What `remoteTable()` gives. */
class RemoteDefinition<Key extends TableKey, Value> implements RemoteTableDefinition<Key, Value> {
  declare readonly opened?: RemoteTable<Key, Value>;
  readonly kind = "remote";

  constructor(readonly rules: RemoteTableRules) {
    Object.freeze(this);
  }
}

/**
 * Declares a table of a remote store: one value for each key.
 *
 * @throws OptionsError.
 */
export function remoteTable<Key extends TableKey, Value>(
  options: RemoteTableOptions = {},
): RemoteTableDefinition<Key, Value> {
  return new RemoteDefinition(parseOptions("remoteTable()", remoteTableOptions, options));
}

// biome-ignore lint/suspicious/noExplicitAny: the definitions of a store have keys and values of their own.
type AnyDefinition = RemoteTableDefinition<any, any>;

/** The tables of a remote store, by the names they were declared with. */
export type RemoteStore<Definitions extends Readonly<Record<string, AnyDefinition>>> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends RemoteTableDefinition<
    infer Key,
    infer Value
  >
    ? RemoteTable<Key, Value>
    : never;
} & RemoteStoreHandle;

/** What every remote store has beside its tables. */
export interface RemoteStoreHandle extends AsyncDisposable {
  /** Resolves when what is under way has ended; a connection of the store's own is closed. Later calls reject with a StoreError (`closed`). */
  close(): Promise<void>;
}

/**
 * Opens tables that several processes share, on Redis (6 or newer) or Valkey. Needs the package `@redis/client`.
 *
 * @throws OptionsError; StoreError: `unreachable`, or `open-failed` when the server refuses, or `@redis/client` is not installed.
 *
 * @example
 * await using shared = await remoteStore("shop", { prices: remoteTable<number, number>({ ttl: "1h" }) }, { url: "redis://localhost:6379" });
 */
export async function remoteStore<const Definitions extends Readonly<Record<string, AnyDefinition>>>(
  name: string,
  tables: Definitions,
  options: RemoteStoreOptions,
): Promise<RemoteStore<Definitions>> {
  parseOptions("remoteStore()", remoteStoreArguments, { name, definitions: tables });
  const where = `remote store ${name}`;
  const parsed = parseOptions(where, remoteStoreOptions, options);
  const rules = Object.entries(tables).map(
    ([table, definition]) => [table, rulesOf(where, table, definition)] as const,
  );
  const { connectTimeout, commandTimeout, clock = CLOCK } = parsed;
  const { client, end } =
    parsed.client === undefined
      ? await connect(name, parsed.url as string, { clock, connectTimeout })
      : { client: parsed.client, end: heard(parsed.client) };
  const connection = new Connection({ store: name, client, clock, commandTimeout, end });
  const opened = rules.map(
    ([table, each]) => [table, new RedisTable(connection, table, each, clock)] as const,
  );
  const close = (): Promise<void> => connection.close();
  return Object.freeze({
    ...Object.fromEntries(opened),
    close,
    [Symbol.asyncDispose]: close,
  }) as unknown as RemoteStore<Definitions>;
}

/** A client that nobody listens to ends the process when it loses its connection. Gives back what lets go of it. */
function heard(client: RemoteClient): () => void {
  // What is lost is told by what is sent then.
  const listener = (): void => {};
  client.on?.("error", listener);
  return () => client.off?.("error", listener);
}

function rulesOf(where: string, table: string, definition: unknown): RemoteTableRules {
  if (table === "close")
    throw new OptionsError(where, [
      "expected tables with other names than `close`, which is a function of the store",
    ]);
  if (!table.isWellFormed())
    throw new OptionsError(where, [`expected names of tables to be well-formed text, got ${show(table)}`]);
  if (definition instanceof RemoteDefinition) return definition.rules;
  throw new OptionsError(where, [
    `expected \`${table}\` to be a table made by remoteTable(), got ${show(definition)}`,
  ]);
}
