import { createRequire } from "node:module";
import type * as Lmdb from "lmdb";
import { StoreError } from "../../errors/store.js";

const require = createRequire(import.meta.url);

/** The optional package `lmdb`. Opening is synchronous, so it is required and not imported. @throws StoreError when it cannot be loaded. */
export function loadLmdb(load: (name: string) => unknown = require): typeof Lmdb {
  try {
    return load("lmdb") as typeof Lmdb;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    const what = isMissing
      ? "durable() needs the package `lmdb`, which is not installed; run `npm install lmdb`"
      : `the package \`lmdb\`, which durable() needs, could not be loaded: ${(error as Error).message}; run \`npm install lmdb\` on this machine`;
    throw new StoreError("durable()", "open-failed", what, error);
  }
}
