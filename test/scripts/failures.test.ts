import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { namingFailures } from "../../scripts/failures.mjs";
import { npmProgram } from "../../scripts/repository.mjs";
import { runSteps } from "../../scripts/steps.mjs";
import { temporaryFolder } from "../helpers/temporary.js";

const REPORTER = fileURLToPath(new URL("../../scripts/failures.mjs", import.meta.url));

/** What is named when vitest runs a file with that text. */
function named(text: string) {
  const root = temporaryFolder();
  writeFileSync(join(root, "some.test.mjs"), text);
  const parameters = ["run", "--globals", `--root=${root}`, `--reporter=${REPORTER}`];
  return namingFailures(async (env) => {
    const options = { env: { ...process.env, ...env } };
    return spawnSync(npmProgram("vitest"), parameters, options).status === 0;
  });
}

test("of a test run are named: tests that failed, hooks, what no test caught; none of those that passed", async () => {
  const { passed, failures } = await named(`
    test("passes", () => {});
    describe("a group", () => {
      test("fails", () => { throw new Error("one\\ntwo"); });
    });
    describe("a hook", () => {
      beforeAll(() => { throw new Error("not set up"); });
      test("is not run", () => {});
    });
    test("throws later", async () => {
      setImmediate(() => { throw new Error("too late"); });
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    });
  `);

  expect(passed).toBe(false);
  expect(failures).toEqual([
    "some.test.mjs > a group > fails: one",
    "some.test.mjs > a hook: not set up",
    "outside of tests: too late",
  ]);
});

test("a file that cannot be loaded is named", async () => {
  const { failures } = await named('throw new Error("broken");');
  expect(failures).toEqual(["some.test.mjs: broken"]);
});

test("of tests that pass nothing is named", async () => {
  expect(await named('test("passes", () => {});')).toEqual({ passed: true, failures: [] });
});

test("the last lines of a run have every step, and below it what failed there", async () => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    const steps = [
      { name: "one", run: async () => true },
      { name: "two", run: async () => ({ passed: false, failures: ["a.test.ts > fails: one"] }) },
    ];
    expect(await runSteps(steps, [])).toBe(1);
    expect(write.mock.calls.map(([text]) => String(text)).join("")).toMatch(
      /\npassed {2}one .* s\nFAILED {2}two .* s\n {8}a\.test\.ts > fails: one\nsteps: 1 passed, 1 failed\n$/,
    );
  } finally {
    write.mockRestore();
  }
});
