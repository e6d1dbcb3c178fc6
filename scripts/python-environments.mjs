import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { ROOT } from "./repository.mjs";

// What the demo, the tests and the benchmarks import.
const PACKAGES = ["msgspec", "numpy", "scikit-learn"];

// What python/ is checked with. The two whose verdict changes from release to release stay in one series.
const TOOLS = [
  "msgspec",
  "numpy",
  "mypy==2.4.*",
  "ruff==0.17.*",
  "pytest",
  "hypothesis",
  "opentelemetry-sdk",
];

/** The Python that workers run on. @returns {Promise<string>} the interpreter */
export const ensureEnvironment = () => setUp(".slither/venv", PACKAGES);

/** The Python that checks python/. @returns {Promise<string>} the interpreter */
export const ensureTools = () => setUp(".slither/tools", TOOLS);

/** The Python of the peers that the benchmarks compare with. @returns {Promise<string>} the interpreter */
export function ensurePeersEnvironment() {
  const requirements = readFileSync(join(ROOT, "bench", "peers", "requirements.txt"), "utf8");
  return setUp(".slither/peers", requirements.trim().split("\n"));
}

/**
 * Through the command that users run, so that there is one way to make an environment.
 *
 * @param {string} folder
 * @param {readonly string[]} requirements
 */
async function setUp(folder, requirements) {
  const command = [join(ROOT, "dist", "cli", "main.js"), "setup", "--path", folder, ...requirements];
  const { exitCode, stdout } = await runChild(process.execPath, command, { cwd: ROOT, stdout: "capture" });
  // What went wrong was said on stderr.
  if (exitCode !== 0) throw new Error(`could not set up ${folder}`);
  return stdout.trim();
}
