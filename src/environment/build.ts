import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EnvironmentSetupError } from "../errors/python-environment.js";
import type { BuildPlan } from "./build-plan.js";
import { installFailure } from "./install-failure.js";
import { interpreterIn } from "./interpreter.js";
import { noEnsurepip, saysNoEnsurepip } from "./no-ensurepip.js";
import { lookUpOnPath } from "./path-lookup.js";
import { runStep, type StepContext, type StepResult } from "./run-step.js";

/** Makes a virtual environment with uv if there is one on PATH, else with venv and pip. */
export async function build(plan: BuildPlan, context: StepContext): Promise<void> {
  const uv = await lookUpOnPath("uv", context.env);
  if (uv === undefined) {
    await buildWithVenv(plan, context);
  } else {
    await buildWithUv(uv, plan, context);
  }
  // The folder is a product, not a source: no version control should offer to add it.
  await writeFile(join(plan.aside, ".gitignore"), "*\n");
}

async function buildWithVenv(plan: BuildPlan, context: StepContext): Promise<void> {
  context.report(`Making ${plan.folder} from Python ${plan.version} (${plan.python})`);
  const made = await runStep(plan.python, ["-m", "venv", plan.aside], context);
  if (made.exitCode !== 0) throw createFailure(plan, made);

  context.report(`Installing ${plan.requirements.join(" ")}`);
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
  const installed = await runStep(interpreterIn(plan.aside), [...pip, ...plan.requirements], context);
  requireInstalled(plan, installed);
}

async function buildWithUv(uv: string, plan: BuildPlan, context: StepContext): Promise<void> {
  context.report(`Making ${plan.folder} from Python ${plan.version} (${plan.python}) with uv`);
  // Quiet: what uv would say is how to activate a folder that is about to be renamed.
  const target = ["--no-project", "--python", plan.python, plan.aside];
  const made = await runStep(uv, ["venv", "--quiet", ...target], context);
  if (made.exitCode !== 0) throw createFailure(plan, made);

  context.report(`Installing ${plan.requirements.join(" ")}`);
  // pip: `python -m pip` should work in an environment, whoever made it.
  const install = ["pip", "install", "--python", interpreterIn(plan.aside)];
  requireInstalled(plan, await runStep(uv, [...install, ...plan.requirements, "pip"], context));
}

function requireInstalled(plan: BuildPlan, result: StepResult): void {
  if (result.exitCode === 0) return;
  throw installFailure(result.output, plan.folder, plan.requirements);
}

function createFailure(plan: BuildPlan, result: StepResult): EnvironmentSetupError {
  if (saysNoEnsurepip(result.output)) return noEnsurepip(plan);
  const said = result.output.trim().split("\n").at(-1) || `exit code ${result.exitCode}`;
  return new EnvironmentSetupError(
    `could not make ${plan.folder} from Python ${plan.version} (\`${plan.python}\`): ${said}`,
    { reason: "create-failed", folder: plan.folder },
  );
}
