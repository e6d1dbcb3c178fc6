import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type * as Lmdb from "lmdb";
import { z } from "zod";
import { makeFolder } from "../../environment/make-folder.js";
import { StoreError } from "../../errors/store.js";
import { text } from "../../options/fields.js";
import { parseOptions } from "../../options/parse.js";
import type { StoreBackend, StoreJournal } from "../../store.js";
import { checkFiles } from "./check-files.js";
import { type Entries, LmdbJournal } from "./journal.js";
import { loadLmdb } from "./load-lmdb.js";
import { claim, type Facts, inUse, release } from "./owner.js";

/** Options of `durable()`. */
export interface DurableOptions {
  /** The folder that the store is kept in, relative to the working directory; made where there is none. One store has it to itself. */
  path: string;
}

export const durableOptions = z.strictObject(
  { path: text("the path of a folder") },
  { error: "an object with `path`" },
);

/** The form of the files. Another one is not read. */
const FORMAT = 1;

/** The folders that stores of this process have open. */
const open = new Set<string>();

/**
 * Keeps a store on this machine's disk, by LMDB: a write is done when it is there, and every commit is there as a whole or not at all. Needs the
 * package `lmdb`.
 *
 * @throws OptionsError; StoreError (`open-failed`) when `lmdb` is not installed.
 *
 * @example
 * const cache = store("cache", { vectors: table<string, number[]>() }, { backend: durable({ path: "./cache" }) });
 */
export function durable(options: DurableOptions): StoreBackend {
  const folder = resolve(parseOptions("durable()", durableOptions, options).path);
  const lmdb = loadLmdb();
  return { name: "durable", open: (store, tables) => openJournal(lmdb, folder, store, tables) };
}

function openJournal(
  lmdb: typeof Lmdb,
  folder: string,
  store: string,
  tables: readonly string[],
): StoreJournal {
  const path = failing(store, folder, () => {
    makeFolder(folder);
    return realpathSync(folder);
  });
  if (open.has(path)) throw inUse(store, path, process.pid);
  const root = failing(store, path, () => {
    checkFiles(path);
    return lmdb.open({
      path,
      noSubdir: false,
      maxDbs: tables.length + 1,
      // A commit that has ended is on the disk.
      overlappingSync: false,
      // It would make promises that nobody hears: a full disk would end the process.
      eventTurnBatching: false,
    });
  });
  try {
    return failing(store, path, () => journalOf(root, path, store, tables));
  } catch (error) {
    void root.close();
    throw error;
  }
}

function journalOf(
  root: Lmdb.RootDatabase,
  path: string,
  store: string,
  tables: readonly string[],
): StoreJournal {
  const facts: Facts = root.openDB({ name: "about", encoding: "json" });
  claim(facts, store, path);
  try {
    checkFormat(facts, store, path);
    const opened = new Map(tables.map((table) => [table, entriesOf(root, table)]));
    const journal = new LmdbJournal({
      store,
      path,
      root,
      tables: opened,
      release: () => {
        release(facts);
        open.delete(path);
      },
    });
    open.add(path);
    return journal;
  } catch (error) {
    release(facts);
    throw error;
  }
}

function entriesOf(root: Lmdb.RootDatabase, table: string): Entries {
  // Names end at a zero byte there, and have a prefix that keeps them apart from `about`.
  const name = `table:${encodeURIComponent(table)}`;
  return root.openDB({ name, encoding: "binary", keyEncoding: "binary" });
}

function checkFormat(facts: Facts, store: string, path: string): void {
  const format = facts.get("format");
  if (format === undefined) facts.putSync("format", FORMAT);
  else if (format !== FORMAT) {
    const what = `expected ${path} to have format ${FORMAT}, got ${String(format)}; another version of slither-ts has written it`;
    throw new StoreError(store, "open-failed", what);
  }
}

function failing<Result>(store: string, path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      store,
      "open-failed",
      `${path} cannot be opened: ${(error as Error).message}`,
      error,
    );
  }
}
