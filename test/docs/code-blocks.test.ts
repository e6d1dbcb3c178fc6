import { beforeAll, describe, expect, test } from "vitest";
import { codeOf, type Module, type PageCode, printsAs } from "./blocks.js";
import { guidePages } from "./pages.js";
import { folderOf, Workshop } from "./workshop.js";

/** As many as the cores that the tests count on. */
const PROCESSES = 2;

const pages = guidePages().map(codeOf);
const compiled = pages.filter((page) => page.modules.length > 0);
const tested = pages.filter((page) => page.modules.some(isTest));
const programs = pages
  .map((page) => ({
    page: page.page,
    modules: page.modules.filter((module) => module.expected !== undefined),
  }))
  .filter((page) => page.modules.length > 0);

let workshop: Workshop;
let compiler: Promise<string>;
let runs: Map<string, Promise<Map<string, string>>>;

beforeAll(async () => {
  workshop = await Workshop.open(pages);
  compiler = workshop.compile().then(({ stdout, stderr }) => stdout + stderr);
  // The compiler first: it would only slow down what is timed.
  runs = inTurns(programs, (page) => compiler.then(() => run(page)));
  return async () => {
    await Promise.allSettled([compiler, ...runs.values()]);
    await workshop[Symbol.asyncDispose]();
  };
  // Where a filter leaves out their tests, what was begun for the other pages is waited for here.
}, 120_000);

describe("code in the guides compiles", () => {
  test.each(compiled.map(({ page }) => page))("%s", { timeout: 60_000 }, async (page) => {
    const complaints = (await compiler).split("\n");
    expect(
      complaints.filter((line) => line.startsWith(`${folderOf(page)}/`) || line.startsWith("error")),
    ).toEqual([]);
  });
});

describe("code in the guides prints what they say", () => {
  const modules = programs.flatMap((page) => page.modules);
  const cases = modules.map((module) => ({ module, name: `${module.page}:${module.line}` }));
  test.each(cases)("$name", { timeout: 120_000 }, async ({ module }) => {
    const printed = (await runs.get(module.page))?.get(module.file);
    const expected = module.expected as string;
    expect(printed !== undefined && printsAs(expected, printed) ? expected : printed).toBe(expected);
  });
});

describe("tests in the guides pass", () => {
  test.each(tested.map(({ page }) => page))("%s", { timeout: 60_000 }, async (page) => {
    const { exitCode, stdout, stderr } = await workshop.test(page);
    expect(exitCode, stdout + stderr).toBe(0);
  });
});

function isTest(module: Module): boolean {
  return module.file.endsWith(".test.ts");
}

/** What each module of a page prints, by file. */
async function run(page: Pick<PageCode, "page" | "modules">): Promise<Map<string, string>> {
  const files = page.modules.map((module) => module.file);
  const { outcome, printed } = await workshop.run(page.page, files);
  const last = printed.length - 1;
  if (outcome.exitCode !== 0 && last >= 0) printed[last] += outcome.stderr;
  return new Map(printed.map((text, index) => [files[index] as string, text]));
}

/** Works on a few at a time; gives the promise of each. */
function inTurns<Result>(
  all: readonly Pick<PageCode, "page" | "modules">[],
  work: (page: Pick<PageCode, "page" | "modules">) => Promise<Result>,
): Map<string, Promise<Result>> {
  const results = new Map<string, Promise<Result>>();
  const lanes: Promise<unknown>[] = Array.from({ length: PROCESSES }, () => Promise.resolve());
  for (const [index, page] of all.entries()) {
    const lane = index % PROCESSES;
    const result = (lanes[lane] as Promise<unknown>).then(() => work(page));
    lanes[lane] = result.catch(() => {});
    results.set(page.page, result);
  }
  return results;
}
