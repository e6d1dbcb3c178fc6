import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary.js";
import { runCommand, startCommand } from "./command.js";

/** Node keeps the path of its working folder until it changes to another. */
/** What commands load when they run is compiled before: nothing can be started in a folder that was removed, nor a compiler. */
const LOADED_LATER = ["setup", "doctor", "graph"].map(
  (name) => new URL(`../../src/cli/${name}.ts`, import.meta.url).href,
);
const REMOVE_WORKING_FOLDER = `${LOADED_LATER.map((url) => `await import(${JSON.stringify(url)});`).join("\n")}
import { rmdirSync } from "node:fs";
const folder = process.cwd();
process.chdir(folder);
rmdirSync(folder);`;

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
    // Compiles the rest.
    await runCommand(["--version"]);
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
