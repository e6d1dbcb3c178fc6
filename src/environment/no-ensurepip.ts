import { EnvironmentSetupError } from "../errors/python-environment.js";
import type { BuildPlan } from "./build-plan.js";
import { minorOf } from "./stamp.js";

/** Whether `python -m venv` failed for want of a part that some systems package apart. */
export function saysNoEnsurepip(output: string): boolean {
  return /ensurepip is not\s+available|No module named '?(?:ensurepip|venv)/.test(output);
}

/** The error for it: names the system package. */
export function noEnsurepip(plan: BuildPlan): EnvironmentSetupError {
  const minor = minorOf(plan.version);
  return new EnvironmentSetupError(
    `could not make ${plan.folder}: Python ${plan.version} (\`${plan.python}\`) has no ensurepip. ` +
      `Install it (Debian, Ubuntu: apt install python${minor}-venv, or python3-venv for the system's own Python; ` +
      "Fedora, Alpine, others: the system package that has Python's venv and ensurepip modules, " +
      "often with python3-pip or py3-pip), or install uv, and run the same command again",
    { reason: "no-ensurepip", folder: plan.folder },
  );
}
