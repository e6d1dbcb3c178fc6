import { readFileSync, writeFileSync } from "node:fs";
import { type Results, resultsText } from "./results.js";

const FILE = new URL("./results.json", import.meta.url);

/** The last results that were kept: what the docs show, and what later ones are compared with. */
export function kept(): Results {
  return JSON.parse(readFileSync(FILE, "utf8")) as Results;
}

export function keep(results: Results): void {
  writeFileSync(FILE, resultsText(results));
}
