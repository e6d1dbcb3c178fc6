import { type Command, Option } from "commander";
import type { ExplainOptions } from "./explain.js";
import { choosingPipe } from "./pipe-choice.js";

/** The words of `slither explain`; what it does is loaded when it is used. */
export function addExplain(program: Command): void {
  choosingPipe(program.command("explain"))
    .description(
      "Print how a pipe is carried out: which python stages make one trip, and why others do not, batches, order, " +
        "and what comes home. Imports the module that exports the pipe, and runs no pipe.",
    )
    .addOption(new Option("--format <format>", "what to print").choices(["text", "json"]).default("text"))
    .action(async (path: string, options: ExplainOptions) => {
      const { explain } = await import("./explain.js");
      await explain(path, options);
    });
}
