import { type Command, Option } from "commander";
import type { GraphOptions } from "./graph.js";
import { choosingPipe } from "./pipe-choice.js";

/** The words of `slither graph`; what it does is loaded when it is used. */
export function addGraph(program: Command): void {
  choosingPipe(program.command("graph"))
    .description(
      "Print the picture of a pipe: its stages, branches, merges and outputs. Imports the module that exports the " +
        "pipe, and runs no pipe.",
    )
    .addOption(
      new Option("--format <format>", "what to print").choices(["text", "mermaid", "json"]).default("text"),
    )
    .action(async (path: string, options: GraphOptions) => {
      const { graph } = await import("./graph.js");
      await graph(path, options);
    });
}
