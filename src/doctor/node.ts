import { readFileSync } from "node:fs";
import { type Check, checksOf } from "./check.js";

export interface NodeFacts {
  readonly version: string;
  /** The oldest that works. */
  readonly oldest: string;
  readonly path: string;
}

export function readNode(): NodeFacts {
  // The same place seen from src/doctor and from dist/doctor.
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { engines } = JSON.parse(text) as { engines: { node: string } };
  return {
    version: process.versions.node,
    oldest: engines.node.replace(/^>=/, ""),
    path: process.execPath,
  };
}

export function checkNode({ version, oldest, path }: NodeFacts): Check {
  const { ok, problem } = checksOf("node");
  if (!isOlder(version, oldest)) return ok("version", `${version} (${path})`);
  const fix = `install Node ${oldest} or newer: https://nodejs.org, or nvm install ${oldest}`;
  return problem("version", `expected Node ${oldest} or newer, got ${version} (${path})`, fix);
}

function isOlder(version: string, oldest: string): boolean {
  const have = version.split(".").map(Number);
  const need = oldest.split(".").map(Number);
  const different = need.findIndex((part, index) => part !== (have[index] ?? 0));
  return different !== -1 && (have[different] ?? 0) < (need[different] ?? 0);
}
