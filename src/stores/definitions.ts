import { OptionsError } from "../errors/options.js";
import { parseOptions, show } from "../options/parse.js";
import type {
  BagTable,
  DraftBag,
  DraftTable,
  FreshTable,
  OrderedTable,
  Table,
  TableDefinition,
  TableKey,
} from "../store.js";
import { type TableOptions, type TableRules, tableOptions } from "./options.js";

/** What `table()` and its like give: a store makes a table of it. */
export class Definition<Opened, Drafted, Fresh> implements TableDefinition<Opened, Drafted, Fresh> {
  declare readonly opened?: Opened;
  declare readonly drafted?: Drafted;
  declare readonly fresh?: Fresh;
  readonly kind: TableRules["kind"];

  constructor(readonly rules: TableRules) {
    this.kind = rules.kind;
    Object.freeze(this);
  }
}

/**
 * Declares a table of one value for each key.
 *
 * @throws OptionsError.
 *
 * @example
 * const features = store("features", { vectors: table<number, Float32Array>({ maxBytes: "256MB", ttl: "1h" }) });
 */
export function table<Key extends TableKey, Value>(
  options: TableOptions<Key, Value> = {},
): TableDefinition<Table<Key, Value>, DraftTable<Key, Value>, FreshTable<Key, Value>> {
  return new Definition({ kind: "set", ...parseOptions("table()", tableOptions, options) });
}

/** Declares a table whose keys are in order: `scan()` takes a range, a prefix, a direction and a limit. @throws OptionsError. */
export function orderedTable<Key extends TableKey, Value>(
  options: TableOptions<Key, Value> = {},
): TableDefinition<OrderedTable<Key, Value>, DraftTable<Key, Value>, FreshTable<Key, Value>> {
  return new Definition({ kind: "ordered", ...parseOptions("orderedTable()", tableOptions, options) });
}

/** Declares a table of several values for each key. It takes no options: it has no bound, and its values do not expire. @throws OptionsError when it is given any. */
export function bagTable<Key extends TableKey, Value>(
  ...options: readonly never[]
): TableDefinition<BagTable<Key, Value>, DraftBag<Key, Value>, FreshTable<Key, Value>> {
  if (options.length > 0)
    throw new OptionsError("bagTable()", [`expected no options, got ${show(options[0])}`]);
  return new Definition({ kind: "bag" });
}
