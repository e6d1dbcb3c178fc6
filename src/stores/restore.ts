import { StoreError } from "../errors/store.js";
import { show } from "../options/parse.js";
import type { StoredEntry, StoreJournal } from "../store.js";
import type { StoreCore } from "./core.js";
import type { TableCore } from "./table-core.js";
import type { Write } from "./write.js";

/**
 * Puts into the tables what was kept. What is too old or too much by now is taken out of the journal. Entries of tables that are not declared any more stay in it.
 *
 * @throws StoreError (`open-failed`).
 */
export function restore(store: StoreCore, tables: readonly TableCore[], journal: StoreJournal): void {
  try {
    const kept = byTable(journal.entries());
    for (const table of tables) store.forget(restored(table, kept.get(table.name) ?? []));
  } catch (error) {
    // Nobody is to wait for it: what is told is why the store was not opened.
    journal.close().catch(() => {});
    if (error instanceof StoreError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError(store.name, "open-failed", `what was kept cannot be read: ${why}`, error);
  }
}

function byTable(entries: Iterable<StoredEntry>): Map<string, StoredEntry[]> {
  const tables = new Map<string, StoredEntry[]>();
  for (const entry of entries) {
    const present = tables.get(entry.table);
    if (present === undefined) tables.set(entry.table, [entry]);
    else present.push(entry);
  }
  return tables;
}

/** Gives back what had to go because there is too much. */
function restored(table: TableCore, entries: StoredEntry[]): Write[] {
  const now = table.store.now();
  // The time of the machine may have been another in an earlier run; ages have to come in their order.
  if (table.rules.ttl !== undefined) entries.sort((a, b) => a.writtenAt - b.writtenAt);
  const evicted = entries.flatMap(({ key, value, writtenAt }) => {
    if (table.rules.kind === "bag") requireList(table, value);
    return table.apply(table.putting(key, value), Math.min(writtenAt, now));
  });
  table.tidy(now);
  return evicted;
}

function requireList(table: TableCore, value: unknown): void {
  if (Array.isArray(value)) return;
  const expected = `expected table ${table.name}, a bagTable(), to have lists of values`;
  throw new StoreError(
    table.store.name,
    "open-failed",
    `${expected}, got ${show(value)}; declare it as it was, or under another name`,
  );
}
