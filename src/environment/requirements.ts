import { EnvironmentSetupError } from "../errors/python-environment.js";
import { MINIMUM_MSGSPEC, WORKER_PACKAGE } from "./worker-needs.js";

/** What every environment is asked to have. An index, or a cache of wheels, may have nothing but an older one. */
export const WORKER_REQUIREMENT = `${WORKER_PACKAGE}>=${MINIMUM_MSGSPEC}`;

/** The requirements with a msgspec that is new enough added, unless they have it with something of their own, such as a version. */
export function withWorkerPackage(requirements: readonly string[]): string[] {
  const own = requirements.filter((requirement) => !isWorkerPackageAlone(requirement));
  const has = own.some(isOfWorkerPackage);
  return [...new Set(has ? own : [WORKER_REQUIREMENT, ...own])].sort();
}

/** The requirement that is of msgspec, of those that {@link withWorkerPackage} gives. */
export function workerRequirementOf(requirements: readonly string[]): string {
  return requirements.find(isOfWorkerPackage) ?? WORKER_REQUIREMENT;
}

function isOfWorkerPackage(requirement: string): boolean {
  return projectName(requirement) === WORKER_PACKAGE;
}

/** The name, and nothing beside it. */
function isWorkerPackageAlone(requirement: string): boolean {
  return requirement.trim().toLowerCase() === WORKER_PACKAGE;
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
