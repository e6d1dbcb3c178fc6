/** Writes the tables of the guides that are made from tables of src/: `npx tsx scripts/write-reference.mjs`. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referencePages, TABLE_MODULES, withTables } from "./reference.mjs";
import { ROOT } from "./repository.mjs";

const modules = await Promise.all(
  TABLE_MODULES.map((name) => import(new URL(`../src/telemetry/${name}.ts`, import.meta.url).href)),
);
for (const [page, tables] of Object.entries(referencePages(Object.assign({}, ...modules)))) {
  const path = join(ROOT, page);
  writeFileSync(path, withTables(readFileSync(path, "utf8"), tables));
}
