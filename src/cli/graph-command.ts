import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { GraphOptions } from "./graph.js";

/** The words of `slither graph`; what it does is loaded when it is used. */
export function addGraph(program: Command): void {
  program
    .command("graph")
    .description(
      "Print the picture of a pipe: its stages, branches, merges and outputs. Imports the module that exports the " +
        "pipe, and runs no pipe.",
    )
    .argument("<file>", "the module, JavaScript or TypeScript", existing)
    .option(
      "--export <name>",
      "which of its exports (default: the default export, else the only one that is a pipe)",
    )
    .addOption(
      new Option("--format <format>", "what to print").choices(["text", "mermaid", "json"]).default("text"),
    )
    .action(async (path: string, options: GraphOptions) => {
      const { graph } = await import("./graph.js");
      await graph(path, options);
    });
}

function existing(file: string): string {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  throw new InvalidArgumentError(`expected a file that exists, got ${path}`);
}
