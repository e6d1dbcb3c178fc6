import { OptionsError } from "../errors/options.js";
import { parseOptions, show } from "../options/parse.js";
import type { TableDefinition } from "../store.js";
import { Bag } from "./bag.js";
import { StoreCore } from "./core.js";
import { Definition } from "./definitions.js";
import { asPromise } from "./exclusive.js";
import { type Fill, loadTables } from "./load.js";
import { type StoreOptions, storeArguments, storeOptions } from "./options.js";
import { restore } from "./restore.js";
import { SetTable, SortedTable } from "./set-table.js";
import { TableCore } from "./table-core.js";
import { transact } from "./transaction.js";
import { wallClock } from "./wall-clock.js";

// biome-ignore lint/suspicious/noExplicitAny: the definitions of a store have tables of their own kinds.
type AnyDefinition = TableDefinition<any, any, any>;

type Definitions = Readonly<Record<string, AnyDefinition>>;

/** The tables that the function of a transaction gets. */
export type Drafts<Declared extends Definitions> = {
  readonly [Name in keyof Declared]: NonNullable<Declared[Name]["drafted"]>;
};

/** The empty tables that the function of a load gets. */
export type FreshTables<Declared extends Definitions> = {
  readonly [Name in keyof Declared]: NonNullable<Declared[Name]["fresh"]>;
};

/** What a store can do, beside having its tables. */
export interface StoreOperations<Declared extends Definitions> {
  readonly name: string;

  /**
   * Calls `work` with drafts of the tables. What it writes in them is done at once when it returns, in all tables or in none; gives back what it returned. When it throws, nothing
   * is changed and the promise rejects with what it threw; with an OptionsError when it returns a promise, or writes to the store past its drafts.
   *
   * @throws StoreError (`closed`, `write-failed`).
   */
  transaction<Result>(work: (tables: Drafts<Declared>) => Result): Promise<Result>;

  /**
   * Fills new tables and puts them in the place of the present ones, all in one step. Who reads meanwhile reads the present ones. What is written meanwhile is written to these, and
   * again over what was loaded. Ages count from the call.
   *
   * @param fill fills the tables; default: the store's `load`.
   * @throws StoreError (`load-failed`: nothing is changed; `load-running`, `closed`, `write-failed`); OptionsError when there is nothing to fill them.
   */
  load(fill?: (fresh: FreshTables<Declared>) => Promise<void> | void): Promise<void>;

  /** Takes no more writes, ends watchers, and resolves when everything is kept. The tables can still be read. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A store: its tables by the names they were declared with, and what can be done with all of them. */
export type Store<Declared extends Definitions> = StoreOperations<Declared> & {
  readonly [Name in keyof Declared]: NonNullable<Declared[Name]["opened"]>;
};

const OPERATIONS = ["name", "transaction", "load", "close"] as const;

/** Says in an error of the compiler what is wrong with a name. */
type Named<Declared> = {
  readonly [Name in keyof Declared]: Name extends (typeof OPERATIONS)[number]
    ? `a table cannot be named ${Name}: a store has that itself`
    : Declared[Name];
};

/**
 * Opens a store: named tables that node stages can use (`pipe.use`).
 *
 * @throws OptionsError for a name that is none, or a table that was not made by `table()`, `orderedTable()` or `bagTable()`; StoreError (`in-use`, `open-failed`) when what the
 * backend keeps cannot be opened.
 *
 * @example
 * const features = store("features", { vectors: table<number, Float32Array>({ ttl: "1h" }) });
 */
export function store<const Declared extends Definitions>(
  name: string,
  definitions: Declared & Named<Declared>,
  options: StoreOptions<FreshTables<Declared>> = {},
): Store<Declared> {
  parseOptions("store()", storeArguments, { name, definitions });
  const { backend, clock = wallClock, load } = parseOptions(`store ${name}`, storeOptions, options);
  const declared = Object.entries(definitions).map(([table, definition]) => checked(name, table, definition));
  const journal = backend?.open(name, Object.keys(definitions));
  const core = new StoreCore(name, clock, journal);
  const tables = declared.map(([table, { rules }]) => new TableCore(core, table, rules));
  if (journal !== undefined) restore(core, tables, journal);
  return new OpenedStore(core, tables, load as Fill | undefined) as unknown as Store<Declared>;
}

function checked(
  store: string,
  name: string,
  definition: unknown,
): [string, Definition<unknown, unknown, unknown>] {
  if (OPERATIONS.some((operation) => operation === name)) {
    const names = OPERATIONS.map((operation) => `\`${operation}\``).join(", ");
    const problem = `expected a table not to be named like what a store has itself (${names}), got \`${name}\``;
    throw new OptionsError(`store ${store}`, [problem]);
  }
  if (definition instanceof Definition) return [name, definition];
  const expected = `expected \`${name}\` to be a table made by table(), orderedTable() or bagTable()`;
  throw new OptionsError(`store ${store}`, [`${expected}, got ${show(definition)}`]);
}

/** A store as its users see it. */
class OpenedStore {
  readonly #core: StoreCore;
  readonly #tables: readonly TableCore[];
  readonly #load: Fill | undefined;

  constructor(core: StoreCore, tables: readonly TableCore[], load: Fill | undefined) {
    this.#core = core;
    this.#tables = tables;
    this.#load = load;
    for (const table of tables) {
      // Not assigned: a name such as `__proto__` would be something else.
      Object.defineProperty(this, table.name, { value: facade(table), enumerable: true });
    }
    Object.freeze(this);
  }

  get name(): string {
    return this.#core.name;
  }

  transaction(work: (drafts: never) => unknown): Promise<unknown> {
    return asPromise(this.#gate, () => transact(this.#core, this.#tables, work));
  }

  load(fill: unknown = this.#load): Promise<void> {
    return asPromise(this.#gate, async () => {
      if (typeof fill === "function") return await loadTables(this.#core, this.#tables, fill as Fill);
      const expected = "expected a function that fills the tables, here or as the store's option `load`";
      throw new OptionsError(`store ${this.name}: load()`, [`${expected}, got ${show(fill)}`]);
    });
  }

  close(): Promise<void> {
    return this.#core.close(this.#tables);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #gate(): { check(): void } {
    return { check: () => this.#core.requireWritable() };
  }
}

function facade(table: TableCore): unknown {
  switch (table.rules.kind) {
    case "set":
      return new SetTable(table);
    case "ordered":
      return new SortedTable(table);
    case "bag":
      return new Bag(table);
  }
}
