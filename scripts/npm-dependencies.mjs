import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { ROOT } from "./repository.mjs";

/**
 * Installs the npm dependencies when they are missing, or are not those of package-lock.json.
 *
 * @param {string} folder of the package, relative to the root
 */
export async function ensureNpmDependencies(folder = ".") {
  if (areInstalled(folder)) return;
  process.stderr.write(`Installing the npm dependencies${folder === "." ? "" : ` of ${folder}`}\n`);
  const cwd = join(ROOT, folder);
  const { exitCode } = await runChild("npm", ["ci", "--include=dev"], { cwd, stdout: "stderr" });
  if (exitCode === 0) return;
  throw new Error(
    `could not install the npm dependencies: npm ci ended with exit code ${exitCode}, see above. ` +
      "Check the network, the proxy (HTTPS_PROXY) and npm's registry setting, and run the same command again",
  );
}

/**
 * npm notes what it installed in node_modules/.package-lock.json, as its last step: whatever was installed by hand or
 * half-way counts for what it is.
 *
 * @param {string} folder
 */
function areInstalled(folder) {
  const wanted = packagesOf(join(folder, "package-lock.json"));
  const installed = packagesOf(join(folder, "node_modules", ".package-lock.json"));
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
