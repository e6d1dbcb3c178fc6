import type { KeyRange, TableKey } from "../store.js";
import type { Entry } from "./entry.js";
import type { TableCore } from "./table-core.js";

/** The entries of a part that are not expired when their turn comes. They are those of the version that the table has at this call. */
export function freshEntries(table: TableCore, range: KeyRange<TableKey>): IterableIterator<Entry> {
  const { rows } = table;
  const entries = rows.scan(range);
  if (table.rules.ttl === undefined && range.limit === undefined) return entries;
  return chosen(entries, range.limit ?? Number.POSITIVE_INFINITY, (entry) =>
    rows.isFresh(entry, table.store.now()),
  );
}

function* chosen(
  entries: Iterable<Entry>,
  limit: number,
  isFresh: (entry: Entry) => boolean,
): Generator<Entry> {
  let left = limit;
  if (left === 0) return;
  for (const entry of entries) {
    if (!isFresh(entry)) continue;
    yield entry;
    left -= 1;
    if (left === 0) return;
  }
}
