import { join } from "node:path";
import { runChild } from "./child.mjs";
import { namingFailures } from "./failures.mjs";
import { npmProgram, ROOT } from "./repository.mjs";

/** What ruff looks at, from python/, and by which rules: those of python/ hold for all Python of the repository that users read. */
export const RUFF = [".", "../examples", "../bench", "--config", "pyproject.toml"];

const FAILURE_NAMES = join(ROOT, "scripts/failures.mjs");

/**
 * Everything that `npm test` checks.
 *
 * @param {string} python the interpreter that workers run on
 * @param {string} tools the interpreter that checks python/
 * @returns {import("./steps.mjs").Step[]}
 */
export function testSteps(python, tools) {
  const env = { SLITHER_PYTHON: python };
  const pythonFolder = join(ROOT, "python");
  const reporters = ["default", ...(process.env.GITHUB_ACTIONS ? ["github-actions"] : []), FAILURE_NAMES];
  const vitest = ["run", ...reporters.map((reporter) => `--reporter=${reporter}`)];
  const colors = process.stdout.isTTY ? [] : ["--colors=off"];
  return [
    { name: "biome", run: () => passes(npmProgram("biome"), ["ci", ...colors], { cwd: ROOT }) },
    { name: "tsc", run: () => passes(npmProgram("tsc"), ["--noEmit"], { cwd: ROOT }) },
    { name: "layers", run: () => passes(process.execPath, ["scripts/check-layers.mjs"], { cwd: ROOT }) },
    {
      name: "vitest",
      run: () =>
        namingFailures((file) =>
          passes(npmProgram("vitest"), vitest, { cwd: ROOT, env: { ...env, ...file } }),
        ),
    },
    { name: "ruff", run: () => passes(tools, ["-m", "ruff", "check", ...RUFF], { cwd: pythonFolder }) },
    {
      name: "format",
      run: () => passes(tools, ["-m", "ruff", "format", "--check", ...RUFF], { cwd: pythonFolder }),
    },
    { name: "mypy", run: () => passes(tools, ["-m", "mypy"], { cwd: pythonFolder }) },
    {
      name: "pytest",
      run: () => namingFailures((env) => passes(tools, ["-m", "pytest"], { cwd: pythonFolder, env })),
    },
    { name: "demo", run: () => demoProves(env) },
  ];
}

/**
 * Runs a TypeScript program of this repository as a user's program runs: `slither-ts` is what dist/ has.
 *
 * @param {string} file
 * @param {Record<string, string>} env added to the environment of this process
 * @param {readonly string[]} parameters
 * @returns {Promise<number>} its exit code
 */
export async function typescriptProgram(file, env, parameters) {
  const command = ["--import", "tsx", file, ...parameters];
  return (await runChild(process.execPath, command, { cwd: ROOT, env: { ...env, ...TSX } })).exitCode;
}

// tsconfig.json leads "slither-ts" to the sources, and tsx would follow it.
const TSX = { TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.base.json") };

/** The demo checks what it claims, and says so by its exit code. @param {Record<string, string>} env */
async function demoProves(env) {
  const command = ["--import", "tsx", "examples/ml-scoring/demo.ts", "--json"];
  const { exitCode, stdout } = await runChild(process.execPath, command, {
    cwd: ROOT,
    env: { ...env, ...TSX },
    stdout: "capture",
  });
  const proves = exitCode === 0 && isJson(stdout);
  if (!proves) process.stdout.write(`exit code ${exitCode}; expected 0 and JSON, got:\n${stdout}\n`);
  return proves;
}

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} command
 * @param {readonly string[]} parameters
 * @param {import("./child.mjs").ChildOptions} options
 */
async function passes(command, parameters, options) {
  return (await runChild(command, parameters, options)).exitCode === 0;
}
