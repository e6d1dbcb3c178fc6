import { OptionsError } from "../../errors/options.js";
import { show } from "../../options/parse.js";
import type {
  OpenedStore,
  OrderedTried,
  TriedBag,
  TriedStore,
  WantedTable,
  WantedTables,
  WatchedTable,
} from "./tried.js";

/** Opens a store for a case. `stores` are those that have to be closed after it. */
export async function openFor<Name extends string>(
  tables: Readonly<Record<Name, Partial<WantedTable>>>,
  open: (tables: WantedTables) => TriedStore | Promise<TriedStore>,
  stores: Set<TriedStore>,
): Promise<OpenedStore<Name>> {
  const wanted = Object.entries<Partial<WantedTable>>(tables).map(
    ([name, { kind = "set", ttl }]): [string, WantedTable] => [name, { kind, ttl }],
  );
  return opened(await open(Object.fromEntries(wanted)), stores);
}

function opened<Name extends string>(store: TriedStore, stores: Set<TriedStore>): OpenedStore<Name> {
  stores.add(store);
  const { tables } = store;
  return {
    tables: tables as Readonly<Record<Name, OrderedTried & WatchedTable>>,
    bags: tables as Readonly<Record<Name, TriedBag>>,
    advance: (ms) => store.advance(ms),
    close: () => {
      stores.delete(store);
      return store.close();
    },
    transaction: (work) => part(store, "transaction")(work),
    load: (fill) => part(store, "load")(fill),
    reopen: async () => {
      const again = await part(store, "reopen")();
      stores.delete(store);
      return opened(again, stores);
    },
    another: async () => opened(await part(store, "another")(), stores),
  };
}

/** @throws OptionsError when a store was said to be able to do what it has no function for. */
function part<Name extends "transaction" | "load" | "reopen" | "another">(
  store: TriedStore,
  name: Name,
): NonNullable<TriedStore[Name]> {
  const found = store[name];
  if (typeof found === "function") return found.bind(store) as NonNullable<TriedStore[Name]>;
  throw new OptionsError("tableConformance()", [
    `expected what \`open\` gives to have \`${name}()\`, which its capabilities promise, got ${show(found)}`,
  ]);
}
