import { StoreError } from "../errors/store.js";
import type { StoredChange } from "../store.js";
import type { StoreCore } from "./core.js";
import { FreshRows } from "./fresh-rows.js";
import { Meanwhile } from "./meanwhile.js";
import type { Rows } from "./rows.js";
import type { TableCore } from "./table-core.js";

/** What fills the tables. */
export type Fill = (fresh: never) => Promise<void> | void;

/**
 * Fills new rows for all tables, and puts them in the place of the present ones in one step. Writes go to the present rows meanwhile, and are done again to the new ones.
 *
 * @throws StoreError.
 */
export async function loadTables(store: StoreCore, tables: readonly TableCore[], fill: Fill): Promise<void> {
  if (store.meanwhile !== undefined) {
    throw new StoreError(
      store.name,
      "load-running",
      "expected one load at a time, got another while one is running",
    );
  }
  store.meanwhile = new Meanwhile();
  let kept: Promise<void>;
  try {
    const fresh = await filled(store, tables, fill);
    store.requireWritable();
    kept = swap(store, fresh);
  } finally {
    store.meanwhile = undefined;
  }
  await kept;
}

async function filled(store: StoreCore, tables: readonly TableCore[], fill: Fill): Promise<FreshRows[]> {
  const startedAt = store.now();
  const fresh = tables.map((table) => new FreshRows(table, startedAt));
  try {
    await fill(
      Object.freeze(Object.fromEntries(fresh.map((each) => [each.table.name, each.filled]))) as never,
    );
    return fresh;
  } catch (error) {
    for (const each of fresh) each.end(new Meanwhile());
    throw failed(store, error);
  }
}

/** Nothing comes between the first table and the last, and between them and the journal. */
function swap(store: StoreCore, fresh: readonly FreshRows[]): Promise<void> {
  const meanwhile = store.meanwhile ?? new Meanwhile();
  const made = fresh.map((each) => ({ table: each.table, rows: each.end(meanwhile) }));
  const kept = keep(store, made);
  for (const { table, rows } of made) table.swap(rows);
  return kept;
}

function keep(store: StoreCore, made: readonly { table: TableCore; rows: Rows }[]): Promise<void> {
  try {
    return store.keep(() => made.flatMap(({ table, rows }) => [...changes(table.name, rows)]));
  } catch (error) {
    throw failed(store, error);
  }
}

function* changes(table: string, rows: Rows): Generator<StoredChange> {
  yield { kind: "clear", table };
  for (const { key, value, writtenAt } of rows.all()) yield { kind: "put", table, key, value, writtenAt };
}

function failed(store: StoreCore, cause: unknown): StoreError {
  const message = `the load failed, and the tables are as they were: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new StoreError(store.name, "load-failed", message, cause);
}
