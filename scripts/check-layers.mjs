#!/usr/bin/env node
// Fails when an import in src/ points up the list of layers.mjs, goes round in a circle, or leads nowhere.
// Usage: node scripts/check-layers.mjs [source folder]
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findCycle } from "./import-cycle.mjs";
import { importsOf, sourceFiles } from "./imports.mjs";
import { depthOf, layerOf, ONLY_FOR } from "./layers.mjs";

const source = resolve(process.argv[2] ?? fileURLToPath(new URL("../src", import.meta.url)));
const files = sourceFiles(source);
const problems = check();
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
else process.stdout.write(`${files.length} files, every import points down\n`);

function check() {
  const imports = files.flatMap((file) => importsOf(source, file));
  const unknown = files.filter((file) => layerOf(file) === undefined);
  const graph = new Map(
    files.map((file) => [file, imports.filter((one) => one.file === file).map((one) => one.target)]),
  );
  const cycle = findCycle(graph);
  return [
    ...unknown.map((file) => `src/${file}: in no layer; give it a place in scripts/layers.mjs`),
    ...imports.flatMap((one) => problemWith(one) ?? []),
    ...(cycle ? [`src/${cycle[0]}: imports itself in a circle: ${cycle.join(" -> ")}`] : []),
  ];
}

/** @param {import("./imports.mjs").Import} one */
function problemWith(one) {
  const where = `src/${one.file}:${one.line}: import "${one.specifier}"`;
  if (!files.includes(one.target)) return `${where} leads to no file of src/`;
  const from = layerOf(one.file);
  const to = layerOf(one.target);
  if (from === undefined || to === undefined || from === to) return undefined;
  if (depthOf(to) < depthOf(from))
    return `${where} points up: ${from} lies below ${to} in scripts/layers.mjs`;
  const allowed = ONLY_FOR[to];
  if (allowed && !allowed.includes(from))
    return `${where}: ${to} is only for ${allowed.join(", ")}, got ${from}`;
  return undefined;
}
