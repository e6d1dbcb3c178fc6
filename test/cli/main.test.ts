import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runCommand } from "./command.js";

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await runCommand(["--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
});

test("an unknown command is a usage error that suggests the nearest", async () => {
  const { exitCode, stdout, stderr } = await runCommand(["setpu"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("Did you mean setup?");
});

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
