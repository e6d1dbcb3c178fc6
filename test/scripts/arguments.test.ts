import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../scripts/run.mjs", import.meta.url));

/** `npm run <line>` where no Python environment can be made: what sets one up fails. */
function task(line: string) {
  const env = { ...process.env, SLITHER_PYTHON: "/nowhere/python" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...line.split(" ")], {
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr };
}

describe("a command line that starts no worker is answered without a Python environment", () => {
  test.each([
    ["bench --help", "Usage: npm run bench -- "],
    ["bench check --help", "Usage: npm run bench -- check "],
    ["demo --help", "Usage: npm run demo -- "],
  ])("%s prints the usage", (line, says) => {
    expect(task(line)).toEqual({ status: 0, stdout: expect.stringContaining(says), stderr: "" });
  });

  test.each([
    ["bench nope", /expected a benchmark out of call, .*, got nope/],
    ["bench check nofile", /expected a benchmark out of call, .*, got nofile/],
    ["bench --quik", /unknown option '--quik'\n\(Did you mean --quick\?\)/],
    ["demo --bogus", /^expected `--json` or nothing, got `--bogus`\n$/],
  ])("%s is a usage error", (line, says) => {
    expect(task(line)).toEqual({ status: 2, stdout: "", stderr: expect.stringMatching(says) });
  });
});

test("a benchmark whose Python environment cannot be made fails with what was wrong, and no stack", () => {
  const { status, stdout, stderr } = task("bench call --quick");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/could not set up|the build failed/);
  expect(stderr).not.toMatch(/^ {4}at /m);
  // It may have to build dist/ first.
}, 120_000);
