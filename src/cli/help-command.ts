import type { Command } from "commander";
import { unknownName } from "../options/parse.js";

/** `slither help`, in place of the one of commander, which says nothing of a command that there is not. Added when all others are. */
export function addHelp(program: Command): void {
  program.helpCommand(false);
  program
    .command("help")
    .description("display help for command")
    .argument("[command]")
    .action((name: string | undefined) => {
      if (name === undefined) return program.help();
      const command = program.commands.find((each) => each.name() === name);
      if (command !== undefined) return command.help();
      const names = program.commands.map((each) => each.name());
      return program.error(`error: ${unknownName("command", name, name, names)}`);
    });
}
