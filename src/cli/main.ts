#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addDoctor } from "./doctor-command.js";
import { addExplain } from "./explain-command.js";
import { addGraph } from "./graph-command.js";
import { addHelp } from "./help-command.js";
import { messageOf } from "./message.js";
import { addSetup } from "./setup-command.js";

/** 0: done. 1: it failed, and stderr says why. 2: the command line was wrong. */
const FAILED = 1;
const USAGE = 2;

const program = new Command("slither")
  .description("Run real Python from TypeScript, in processes that belong to sessions.")
  .version(packageVersion(), "--version", "print the version")
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`slither: ${text}`) });
addSetup(program);
addDoctor(program);
addGraph(program);
addExplain(program);
addHelp(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  process.stderr.write(`slither: ${messageOf(error)}\n`);
  return FAILED;
}

function packageVersion(): string {
  // The same place seen from src/cli and from dist/cli.
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
