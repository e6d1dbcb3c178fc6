import { EnvironmentSetupError } from "../errors/python-environment.js";
import { WORKER_PACKAGE } from "./worker-needs.js";

/** The requirements with msgspec added, unless they have it (perhaps with a version) already. */
export function withWorkerPackage(requirements: readonly string[]): string[] {
  const has = requirements.some((requirement) => projectName(requirement) === WORKER_PACKAGE);
  return (has ? [...requirements] : [WORKER_PACKAGE, ...requirements]).sort();
}

/** Requirements in one order and without repetition, so that two lists that mean the same are equal. */
export function normalize(requirements: readonly string[], folder: string): string[] {
  const trimmed = requirements.map((requirement) => requirement.trim());
  for (const requirement of trimmed) requireRequirement(requirement, folder);
  return [...new Set(trimmed)].sort();
}

/** What was asked for before and is not asked for anew, and what is asked for now: so that adding one package does not take away another. */
export function merge(before: readonly string[], now: readonly string[]): string[] {
  const renewed = new Set(now.map(projectName));
  return [
    ...new Set([...before.filter((requirement) => !renewed.has(projectName(requirement))), ...now]),
  ].sort();
}

/** What is wrong with a requirement, or undefined: an option for pip in its place would change more than it says. */
export function requirementProblem(requirement: string): string | undefined {
  if (requirement.trim() === "") return "expected a requirement such as `numpy>=2`, got an empty string";
  if (requirement.trim().startsWith("-")) {
    return `expected a requirement such as \`numpy>=2\`, got the option \`${requirement}\``;
  }
  return undefined;
}

function requireRequirement(requirement: string, folder: string): void {
  const problem = requirementProblem(requirement);
  if (problem === undefined) return;
  throw new EnvironmentSetupError(problem, { reason: "invalid-requirement", folder, requirement });
}

// As PEP 503 compares names: `Scikit_Learn` is `scikit-learn`.
function projectName(requirement: string): string {
  const name = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(requirement)?.[1] ?? "";
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}
