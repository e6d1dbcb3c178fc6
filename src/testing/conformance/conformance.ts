import { z } from "zod";
import { callback } from "../../options/fields.js";
import { parseOptions } from "../../options/parse.js";
import { LAWS } from "./laws.js";
import { openFor } from "./opened.js";
import type { Capability, Law, Stand, TriedStore, WantedTables } from "./tried.js";

/** What is tried, and what it can do. */
export interface ConformanceOptions {
  /** Opens an empty store with these tables; called at least once for each case. */
  open(tables: WantedTables): TriedStore | Promise<TriedStore>;
  /** What it can do beside reading and writing. What is false is not tried, and named as skipped. */
  capabilities: Readonly<Record<Capability, boolean>>;
}

/** One law that tables must keep. */
export interface ConformanceCase {
  /** A sentence: for the name of a test. */
  readonly name: string;
  /** The capabilities that it tries; empty for what every table must do. */
  readonly needs: readonly Capability[];
  /** Why it is not tried; undefined when it is. */
  readonly skipped?: string | undefined;
  /** Resolves when the law is kept, and when it is skipped. Rejects with what is wrong. */
  run(): Promise<ConformanceResult>;
}

/** What came of a case that was not broken. */
export interface ConformanceResult {
  readonly name: string;
  /** Why it was not tried; undefined when it was. */
  readonly skipped?: string | undefined;
}

const boolean = z.boolean({ error: "true or false" });

const conformanceOptions = z.strictObject(
  {
    open: callback<ConformanceOptions["open"]>("a function that opens a store"),
    capabilities: z.strictObject(
      {
        inOrder: boolean,
        transactions: boolean,
        watch: boolean,
        ordered: boolean,
        bags: boolean,
        reload: boolean,
        persistent: boolean,
        shared: boolean,
      },
      { error: "an object with true or false for each capability" },
    ),
  },
  { error: "an object with `open` and `capabilities`" },
);

const WITHOUT: Readonly<Record<Capability, string>> = {
  inOrder: "it gives its entries in no order",
  transactions: "its tables have no transactions",
  watch: "its changes cannot be watched",
  ordered: "its tables have no order",
  bags: "its tables have one value for each key",
  reload: "it cannot be loaded anew",
  persistent: "it is gone when it is closed",
  shared: "it cannot be opened twice at the same time",
};

/**
 * The laws that all tables keep, as cases for any test runner: what is in memory, on disk and on a server is held to the same. For your own `StoreBackend`, `RemoteTable` or client.
 *
 * @throws OptionsError.
 *
 * @example
 * for (const each of tableConformance({ open, capabilities })) test.skipIf(each.skipped !== undefined)(each.name, () => each.run());
 */
export function tableConformance(options: ConformanceOptions): ConformanceCase[] {
  const { open, capabilities } = parseOptions("tableConformance()", conformanceOptions, options);
  return LAWS.map((law) => caseOf(law, open, capabilities));
}

function caseOf(
  law: Law,
  open: ConformanceOptions["open"],
  capabilities: ConformanceOptions["capabilities"],
): ConformanceCase {
  const { name, needs = [] } = law;
  const missing = needs.find((capability) => !capabilities[capability]);
  const skipped = missing && WITHOUT[missing];
  const run = async (): Promise<ConformanceResult> => {
    if (skipped === undefined) await tried(law, open);
    return { name, skipped };
  };
  return Object.freeze({ name, needs, skipped, run });
}

async function tried(law: Law, open: ConformanceOptions["open"]): Promise<void> {
  const stores = new Set<TriedStore>();
  const stand: Stand = { open: (tables) => openFor(tables, open, stores) };
  try {
    await law.try(stand);
  } finally {
    for (const store of [...stores].reverse()) await store.close();
  }
}
