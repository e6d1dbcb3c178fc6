import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";

/** What a command that prints something of a pipe asks for. */
export interface PipeChoice {
  readonly export?: string;
}

/** The words of a command that prints something of a pipe that a module exports. */
export function choosingPipe(command: Command): Command {
  return command
    .argument("<file>", "the module, JavaScript or TypeScript", existing)
    .option(
      "--export <name>",
      "which of its exports (default: the default export, else the only one that is a pipe)",
    );
}

function existing(file: string): string {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  throw new InvalidArgumentError(`expected a file that exists, got ${path}`);
}
