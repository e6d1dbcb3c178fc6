import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary.js";
import { runCommand, startCommand } from "./command.js";

/**
 * Removes the working folder when the command and all that it loads are compiled: nothing can be started in one that is
 * not there, nor a compiler. Node keeps the path of its working folder until it changes to another.
 */
const REMOVE_WORKING_FOLDER = `import { rmdirSync } from "node:fs";
import { Command } from ${JSON.stringify(import.meta.resolve("commander"))};
for (const command of ["setup", "doctor", "graph"])
  await import(${JSON.stringify(import.meta.resolve("../../src/cli/"))} + command + ".ts");
const { parseAsync } = Command.prototype;
Command.prototype.parseAsync = function () {
  const folder = process.cwd();
  process.chdir(folder);
  rmdirSync(folder);
  return parseAsync.call(this);
};`;

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await runCommand(["--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
});

test("an unknown command is a usage error that suggests the nearest", async () => {
  const { exitCode, stdout, stderr } = await runCommand(["setpu"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("Did you mean setup?");
});

test("help for an unknown command is a usage error that says so, and suggests the nearest", async () => {
  expect(await runCommand(["help", "setpu"])).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "slither: error: unknown command `setpu`, did you mean `setup`?\n",
  });
});

test("help for a command is what its --help prints", async () => {
  const { exitCode, stdout } = await runCommand(["help", "setup"]);
  expect(exitCode).toBe(0);
  expect(stdout).toBe((await runCommand(["setup", "--help"])).stdout);
});

test("help alone is what --help prints", async () => {
  const { exitCode, stdout } = await runCommand(["help"]);
  expect(exitCode).toBe(0);
  expect(stdout).toBe((await runCommand(["--help"])).stdout);
});

test.each(["setup", "doctor", "graph pipes.ts"])(
  "%s in a working folder that was removed says that one is expected",
  async (line) => {
    const command = startCommand(line.split(" "), {
      beforehand: REMOVE_WORKING_FOLDER,
      cwd: temporaryFolder(),
    });
    expect(await command.ended).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        "slither: expected a working folder that exists, got one that was removed; change to another and run the same command again\n",
    });
  },
);

test("an unknown option is a usage error that suggests the nearest", async () => {
  const { exitCode, stdout, stderr } = await runCommand(["setup", "--pyhton", "python3"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("Did you mean --python?");
});

test("an option for pip in place of a requirement is a usage error", async () => {
  const { exitCode, stdout, stderr } = await runCommand(["setup", "--", "-r"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("numpy>=2");
});

test("no command at all is a usage error that shows the commands", async () => {
  const { exitCode, stdout, stderr } = await runCommand([]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("setup");
});
