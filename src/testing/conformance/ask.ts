import type { TableKey } from "../../store.js";
import type { TriedTable } from "./tried.js";

/** Asks a table in the same way whether it answers at once or by a promise. */

export async function sizeOf(table: TriedTable): Promise<number> {
  return typeof table.size === "number" ? table.size : table.size();
}

/** All entries, in the table's order. */
export async function entriesOf(table: TriedTable): Promise<[TableKey, unknown][]> {
  const entries: [TableKey, unknown][] = [];
  for await (const entry of table.scan()) entries.push(entry);
  return entries;
}

/** All entries, in an order that does not depend on the table's. */
export async function contentOf(table: TriedTable): Promise<[TableKey, unknown][]> {
  const entries = await entriesOf(table);
  return entries.sort(([one], [other]) => (textOf(one) < textOf(other) ? -1 : 1));
}

/** A text for each key that no other key has. */
export function textOf(key: TableKey): string {
  const part = (each: unknown): string =>
    `${typeof each}:${Object.is(each, -0) ? 0 : JSON.stringify(String(each))}`;
  return Array.isArray(key) ? `[${key.map(part).join()}]` : part(key);
}

/** Reads again and again until what is being written has ended, well or not; it has ended when this has. */
export async function readWhile(writing: Promise<unknown>, read: () => Promise<void>): Promise<void> {
  let isWriting = true;
  const ended = writing.finally(() => {
    isWriting = false;
  });
  // It is told below.
  ended.catch(() => {});
  try {
    while (isWriting) {
      await read();
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    await ended.catch(() => {});
    throw error;
  }
  await ended;
}
