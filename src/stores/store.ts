import { z } from "zod";
import { OptionsError } from "../errors/options.js";
import { plainObject, text } from "../options/fields.js";
import { parseOptions, show } from "../options/parse.js";
import type { Table, TableDefinition, TableKey } from "../store.js";

// biome-ignore lint/suspicious/noExplicitAny: the definitions of a store have keys and values of their own.
type AnyDefinition = TableDefinition<any, any>;

/** The tables of a store, by the names they were declared with. */
export type Store<Definitions extends Readonly<Record<string, AnyDefinition>>> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends TableDefinition<
    infer Key extends TableKey,
    infer Value
  >
    ? Table<Key, Value>
    : never;
};

const storeArguments = z.strictObject({
  name: text("a name that is not empty"),
  definitions: plainObject("an object of tables by name"),
});

/**
 * Opens a store: named tables that node stages can use (`pipe.use`).
 *
 * @throws OptionsError for a name that is none, or a table that was not made by `table()`.
 */
export function store<const Definitions extends Readonly<Record<string, AnyDefinition>>>(
  name: string,
  definitions: Definitions,
): Store<Definitions> {
  parseOptions("store()", storeArguments, { name, definitions });
  const tables = Object.entries(definitions).map(([table, definition]) => {
    if (typeof definition?.open === "function") return [table, definition.open()];
    throw new OptionsError(`store ${name}`, [
      `expected \`${table}\` to be a table made by table(), got ${show(definition)}`,
    ]);
  });
  return Object.freeze(Object.fromEntries(tables)) as Store<Definitions>;
}
