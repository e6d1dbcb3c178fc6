import type { Clock } from "../../clock.js";
import type { StoreBackend } from "../../store.js";
import { bagTable, orderedTable, table } from "../../stores/definitions.js";
import { store } from "../../stores/store.js";
import { fakeClock } from "../fake-clock.js";
import type { TriedStore, WantedTable, WantedTables } from "./tried.js";

/**
 * For `open` of `tableConformance()`: a store whose tables live in this process, kept by `backend` where there is one. It must have kept nothing yet.
 *
 * @throws what the backend throws.
 */
export function openLocally(tables: WantedTables, backend?: StoreBackend): TriedStore {
  const clock = fakeClock();
  return opened(tables, backend, clock, (ms) => clock.advance(ms));
}

function opened(
  tables: WantedTables,
  backend: StoreBackend | undefined,
  clock: Clock,
  advance: TriedStore["advance"],
): TriedStore {
  const definitions = Object.fromEntries(
    Object.entries(tables).map(([name, wanted]) => [name, definitionOf(wanted)]),
  );
  const made = store("tried", definitions, { backend, clock });
  return {
    tables: made as unknown as TriedStore["tables"],
    advance,
    close: () => made.close(),
    transaction: (work) => made.transaction((drafts) => work(drafts as never)),
    load: (fill) => made.load((fresh) => fill(fresh as never)),
    reopen: async () => {
      await made.close();
      return opened(tables, backend, clock, advance);
    },
  };
}

function definitionOf({ kind, ttl }: WantedTable) {
  if (kind === "bag") return bagTable();
  return kind === "ordered" ? orderedTable({ ttl }) : table({ ttl });
}
