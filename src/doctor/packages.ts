import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

/** What many users run, by the names that they are installed by, and what sets the threads of those. */
const PACKAGES = ["numpy", "scikit-learn", "pandas", "torch", "threadpoolctl"];

/** Nothing is imported for it. Absent packages are left out. */
const SCRIPT = `
import sys
sys.path[:] = [entry for entry in sys.path if entry]  # a json.py in the current folder is not asked
import json
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except Exception:
        pass
print(json.dumps(found))
`;

/** The versions of well-known packages in an interpreter; undefined when it does not answer. */
export async function readPackages(
  interpreter: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const ending = { timeout: TIMEOUT_MS, killSignal: "SIGKILL", signal } as const;
    const { stdout } = await run(interpreter, ["-c", SCRIPT, ...PACKAGES], ending);
    // The last line: a sitecustomize may have printed something before.
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, string>;
  } catch {
    return undefined;
  }
}

/** What most would preload, of what is there. */
export function usualPreload(packages: Readonly<Record<string, string>>): string[] {
  return [
    ...("numpy" in packages ? ["numpy"] : []),
    ...("scikit-learn" in packages ? ["sklearn.linear_model"] : []),
  ];
}
