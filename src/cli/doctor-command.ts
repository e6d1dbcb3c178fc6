import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { duration } from "../options/fields.js";
import type { DoctorOptions } from "./doctor.js";

/** The words of `slither doctor`; what it does is loaded when it is used. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description(
      "Examine what sessions need: Node, Python, forking, cores, memory, limits of the system and the container. " +
        "Starts a few workers to measure. Says for each finding what mends it.",
    )
    .option(
      "--python <interpreter>",
      "the interpreter, as the option `python` of local() (default: found as it is there)",
    )
    .option(
      "--preload <modules>",
      "what a forkserver would import, separated by commas; may be repeated " +
        "(default: numpy and sklearn.linear_model where they are installed)",
      (modules: string, before: string[] | undefined) => [...(before ?? []), ...names(modules)],
    )
    .option("--python-path <folder>", "a folder with your own modules; may be repeated", folders, [])
    .option(
      "--sessions <n>",
      "how many sessions compute at once (default: as many as there are cores)",
      positive,
    )
    .option("--threads <n>", "threads of numeric libraries in each session (default: 1)", positive)
    .addOption(
      new Option("--start-timeout <duration>", "how long a start, with its imports, may take")
        .argParser(milliseconds)
        .default(30_000, "30s"),
    )
    .option("--json", "print one JSON object with all facts and checks")
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import("./doctor.js");
      await doctor(options);
    });
}

function names(modules: string): string[] {
  return modules
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function folders(path: string, before: string[]): string[] {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [...before, folder];
  throw new InvalidArgumentError(`expected a folder that exists, got ${folder}`);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("expected a positive integer");
}

function milliseconds(text: string): number {
  const { data } = duration.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (data !== undefined) return data;
  throw new InvalidArgumentError(
    'expected a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h"',
  );
}
