import type { Aged, KeyPart } from "../store.js";
import type { TableCore } from "./table-core.js";

/** The value of a key with its age, also when it is expired. */
export function agedAt(table: TableCore, found: KeyPart): Aged<unknown> | undefined {
  const { rows, store } = table;
  const entry = rows.get(found);
  const now = store.now();
  if (entry === undefined || rows.isGone(entry, now)) return undefined;
  return { value: entry.value, ageMs: now - entry.writtenAt, isExpired: !rows.isFresh(entry, now) };
}
