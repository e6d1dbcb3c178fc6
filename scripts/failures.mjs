// What failed in a test run, by name: each test runner adds a line for each failure to a file that it is told of, and
// the summary of `npm test` repeats them where everybody looks first.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The environment variable that names the file; python/tests/conftest.py reads it too. */
const FILE = "SLITHER_FAILURES_FILE";

/**
 * @param {(env: Record<string, string>) => Promise<boolean>} run runs the tests with that added to their environment
 * @returns {Promise<import("./steps.mjs").Outcome>}
 */
export async function namingFailures(run) {
  const folder = mkdtempSync(join(tmpdir(), "slither-failures-"));
  const file = join(folder, "failures");
  writeFileSync(file, "");
  try {
    const passed = await run({ [FILE]: file });
    return { passed, failures: readFileSync(file, "utf8").split("\n").filter(Boolean) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A reporter of vitest, to be named on its command line. */
export default class FailureNames {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly { readonly message: string }[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    for (const module of modules) {
      const tests = module.children.allTests("failed");
      for (const test of tests) name(`${module.relativeModuleId} > ${test.fullName}`, test.result().errors);
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) name(`${module.relativeModuleId} > ${suite.fullName}`, suite.errors());
      }
      if (module.errors().length > 0) name(module.relativeModuleId, module.errors());
    }
    for (const error of unhandled) name("outside of tests", [error]);
  }
}

/**
 * @param {string} what
 * @param {readonly { readonly message: string }[] | undefined} errors
 */
function name(what, errors = []) {
  const file = process.env[FILE];
  const [why = ""] = (errors[0]?.message ?? "").split("\n");
  if (file !== undefined) appendFileSync(file, `${what.replaceAll("\n", " ")}: ${why}\n`);
}
