import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Results } from "../results.js";
import { benchmarksPage } from "./markdown.js";
import { picture } from "./picture.js";
import { readmeBlock, withBlock } from "./readme.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What each file must be that shows results, by path; `readme` is the README as it is. */
export function pagesOf(results: Results, readme: string): Record<string, string> {
  return {
    "docs/benchmarks.md": benchmarksPage(results),
    "docs/benchmarks.svg": picture(results),
    "README.md": withBlock(readme, readmeBlock(results)),
  };
}

export function writePages(results: Results): void {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  for (const [path, text] of Object.entries(pagesOf(results, readme))) writeFileSync(join(ROOT, path), text);
}
