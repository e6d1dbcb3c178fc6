import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { ROOT } from "./repository.mjs";

/** Installs the npm dependencies when they are missing, or are not those of package-lock.json. */
export async function ensureNpmDependencies() {
  if (areInstalled()) return;
  process.stderr.write("Installing the npm dependencies\n");
  const { exitCode } = await runChild("npm", ["ci", "--include=dev"], { cwd: ROOT, stdout: "stderr" });
  if (exitCode === 0) return;
  throw new Error(
    `could not install the npm dependencies: npm ci ended with exit code ${exitCode}, see above. ` +
      "Check the network, the proxy (HTTPS_PROXY) and npm's registry setting, and run the same command again",
  );
}

/**
 * npm notes what it installed in node_modules/.package-lock.json, as its last step: whatever was installed by hand or
 * half-way counts for what it is.
 */
function areInstalled() {
  const wanted = packagesOf("package-lock.json");
  const installed = packagesOf(join("node_modules", ".package-lock.json"));
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path];
    if (path === "" || (entry.optional && found === undefined)) return true;
    return found !== undefined && found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined}
 */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}
