import { readFileSync } from "node:fs";

/** Ends the process when its Node is older than what package.json asks for. */
export function requireNodeVersion() {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const expected = JSON.parse(text).engines.node;
  const oldest = expected.replace(/^>=/, "");
  if (isOlder(process.versions.node, oldest)) {
    process.stderr.write(
      `expected Node ${oldest} or newer, got ${process.versions.node} (${process.execPath}). ` +
        "Install a newer one and run the same command again\n",
    );
    process.exit(1);
  }
}

/**
 * @param {string} version
 * @param {string} oldest
 */
function isOlder(version, oldest) {
  const have = version.split(".").map(Number);
  const need = oldest.split(".").map(Number);
  for (let index = 0; index < need.length; index += 1) {
    if (have[index] !== need[index])
      return /** @type {number} */ (have[index]) < /** @type {number} */ (need[index]);
  }
  return false;
}
