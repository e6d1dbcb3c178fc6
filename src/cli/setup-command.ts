import { type Command, InvalidArgumentError } from "commander";
import { MANAGED_FOLDER } from "../environment/interpreter.js";
import { requirementProblem } from "../environment/requirements.js";
import { WORKER_PACKAGE } from "../environment/worker-needs.js";
import type { SetupOptions } from "./setup.js";

/** The words of `slither setup`; what it does is loaded when it is used. */
export function addSetup(program: Command): void {
  program
    .command("setup")
    .description(
      "Make a Python environment for workers, with uv if there is one, else with venv and pip. Prints the path of " +
        "its interpreter. Returns at once when it is there already; makes it again when the requirements have changed.",
    )
    .argument(
      "[requirements...]",
      `packages, as pip takes them, for example "numpy>=2"; ${WORKER_PACKAGE} is always among them`,
      collect,
      [],
    )
    .option("--path <folder>", "where to make it", MANAGED_FOLDER)
    .option(
      "--python <interpreter>",
      "what to make it from: a path, or a name on PATH (default: SLITHER_PYTHON, then the first on PATH that is new enough)",
    )
    .action(async (requirements: string[], options: SetupOptions) => {
      const { setup } = await import("./setup.js");
      await setup(requirements, options);
    });
}

function collect(requirement: string, before: string[]): string[] {
  const problem = requirementProblem(requirement);
  if (problem !== undefined) throw new InvalidArgumentError(problem);
  return [...before, requirement];
}
