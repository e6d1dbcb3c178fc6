// npm run bench: measures, always beside something else in the same run, because this machine is never equally fast twice.
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { SetUpError, setUpWorkers } from "../scripts/set-up.mjs";
import { compared } from "./compare.js";
import { keep, kept } from "./kept.js";
import { isName, NAMES } from "./names.js";
import { writePages } from "./pages/write.js";
import { printComparisons, printGroup } from "./print.js";
import { type Group, merged, type Results } from "./results.js";

/** 0: done. 1: it failed, or a ratio has dropped. 2: the command line was wrong. */
const FAILED = 1;
const USAGE = 2;

const QUICK = "fewer rounds, with less work in each";

interface Options {
  readonly quick?: boolean;
  readonly json?: boolean;
}

const program = new Command("npm run bench --")
  .description("Measure, always beside something else in the same run.")
  .addHelpText("after", `\nBenchmarks: ${NAMES.join(", ")}`)
  .exitOverride();

measuring("measure", "measure and print; what happens without a command", { isDefault: true })
  .option("--quick", QUICK)
  .option("--json", "print JSON")
  .action(async (names: string[], { quick = false, json = false }: Options) => {
    const results = await measure(namesOf(names), () => quick, json ? () => {} : printGroup);
    if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  });

measuring("keep", "measure, and keep the results: in bench/results.json, the docs and the README")
  .option("--quick", QUICK)
  .action(async (names: string[], { quick = false }: Options) => {
    keep(merged(kept(), await measure(namesOf(names), () => quick, printGroup)));
    writePages(kept());
  });

measuring("check", "measure as it was kept, and fail when a ratio is worse by more than the noise").action(
  async (names: string[]) => {
    const before = kept();
    const missing = names.find((name) => !Object.hasOwn(before, name));
    if (missing !== undefined) program.error(`expected a benchmark that was kept, got ${missing}`);
    const asked = names.length > 0 ? names : NAMES.filter((name) => name in before);
    // The same work as then: the ratio of a short run is another.
    const now = await measure(asked, (name) => before[name]?.conditions.quick ?? false, printGroup);
    const comparisons = compared(before, now);
    printComparisons(comparisons);
    if (comparisons.some(({ dropped }) => dropped)) process.exitCode = FAILED;
  },
);

program
  .command("pages")
  .description("write the docs and the README from bench/results.json again")
  .action(() => writePages(kept()));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (!(error instanceof SetUpError)) throw error;
  if (error.message !== "") process.stderr.write(`${error.message}\n`);
  return FAILED;
}

/** Sets up first, and not before the command line is known to be right; what measures is loaded then, for it needs the build. */
async function measure(
  names: readonly string[],
  isQuick: (name: string) => boolean,
  report: (group: Group) => void,
): Promise<Results> {
  await setUpWorkers();
  const { measured } = await import("./measured.js");
  return measured(names, isQuick, report);
}

function measuring(name: string, description: string, options?: { isDefault: boolean }): Command {
  return program
    .command(name, options)
    .description(description)
    .argument("[names...]", `out of ${NAMES.join(", ")}; default: all`, known, []);
}

function known(name: string, before: string[]): string[] {
  if (isName(name)) return [...before, name];
  throw new InvalidArgumentError(`expected a benchmark out of ${NAMES.join(", ")}, got ${name}`);
}

function namesOf(names: readonly string[]): readonly string[] {
  return names.length > 0 ? names : NAMES;
}
