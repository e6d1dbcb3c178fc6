import { join } from "node:path";
import { ensureBuild } from "./build.mjs";
import { runChild } from "./child.mjs";
import { demoAnswer } from "./demo-arguments.mjs";
import { ensureNpmDependencies } from "./npm-dependencies.mjs";
import { ensureEnvironment, ensureTools } from "./python-environments.mjs";
import { npmProgram, ROOT } from "./repository.mjs";
import { runSteps } from "./steps.mjs";
import { RUFF, testSteps, typescriptProgram } from "./test-steps.mjs";

/**
 * What each command of package.json does. A task is given the command line behind its name, and answers with an exit code.
 *
 * @type {Record<string, (parameters: readonly string[]) => Promise<number>>}
 */
export const TASKS = {
  build: async () => {
    await setUpBuild();
    return 0;
  },

  demo: async (parameters) => {
    const answer = demoAnswer(parameters);
    if (answer !== undefined) return answer;
    await setUpBuild();
    const env = { SLITHER_PYTHON: await ensureEnvironment() };
    return typescriptProgram("examples/ml-scoring/demo.ts", env, parameters);
  },

  // It reads its command line first, and sets up the rest when it measures.
  bench: async (parameters) => {
    await ensureNpmDependencies();
    return typescriptProgram("bench/main.ts", {}, parameters);
  },

  test: async (parameters) => {
    await setUpBuild();
    const python = await ensureEnvironment();
    return runSteps(testSteps(python, await ensureTools()), parameters);
  },

  soak: async (parameters) => {
    await setUpBuild();
    const env = { SLITHER_PYTHON: await ensureEnvironment() };
    const command = ["run", "--config", "vitest.soak.config.ts", ...parameters];
    return (await runChild(npmProgram("vitest"), command, { cwd: ROOT, env })).exitCode;
  },

  format: async () => {
    await setUpBuild();
    const tools = await ensureTools();
    const biome = await runChild(npmProgram("biome"), ["check", "--write"], { cwd: ROOT });
    const python = join(ROOT, "python");
    const fix = await runChild(tools, ["-m", "ruff", "check", "--fix", ...RUFF], { cwd: python });
    const format = await runChild(tools, ["-m", "ruff", "format", ...RUFF], { cwd: python });
    return biome.exitCode || fix.exitCode || format.exitCode;
  },
};

async function setUpBuild() {
  await ensureNpmDependencies();
  await ensureBuild();
}
