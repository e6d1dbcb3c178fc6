import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { findPython } from "../../src/environment/find.js";
import {
  PythonNotFoundError,
  PythonPackageMissingError,
  PythonVersionError,
} from "../../src/errors/python-environment.js";
import { Sandbox } from "./sandbox.js";

/** What a search rejects with; fails when it finds something. */
async function failure(search: Promise<unknown>): Promise<Error> {
  return search.then(
    (found) => expect.fail(`found ${JSON.stringify(found)}`),
    (error: unknown) => error as Error,
  );
}

test("a named interpreter that is missing fails by name, although another would do", async () => {
  using box = new Sandbox();
  box.pretender(".venv/bin/python", "3.12.1", "0.20.0");
  const error = await failure(findPython({ python: "./nowhere/python", cwd: box.cwd, env: box.env }));
  expect(error).toBeInstanceOf(PythonNotFoundError);
  expect(error).toMatchObject({
    code: "SLITHER_PYTHON_NOT_FOUND",
    reason: "missing",
    path: box.path("nowhere/python"),
    source: "the option `python`",
  });
  expect(error.message).toContain("npx slither setup");
});

test("a name without a slash is looked up on PATH, and fails when it is not there", async () => {
  using box = new Sandbox();
  box.pretender("path/python3.12", "3.12.1", "0.20.0");
  const found = await findPython({ python: "python3.12", cwd: box.cwd, env: box.env });
  expect(found).toMatchObject({ path: box.path("path/python3.12"), version: "3.12.1", msgspec: "0.20.0" });
  const error = await failure(findPython({ python: "python3.13", cwd: box.cwd, env: box.env }));
  expect(error).toMatchObject({ reason: "missing", path: "python3.13" });
});

test("SLITHER_PYTHON that cannot be run fails by name and says what it wrote", async () => {
  using box = new Sandbox();
  box.pretender(".slither/venv/bin/python", "3.12.1", "0.20.0");
  const broken = box.script("broken", "echo 'libpython is gone' >&2; exit 3");
  const env = { ...box.env, SLITHER_PYTHON: broken };
  const error = await failure(findPython({ cwd: box.cwd, env }));
  expect(error).toMatchObject({ reason: "not-runnable", path: broken, source: "SLITHER_PYTHON" });
  expect(error.message).toContain("SLITHER_PYTHON");
  expect(error.message).toContain("libpython is gone");
});

test("a program that is no Python fails as one that cannot be run", async () => {
  using box = new Sandbox();
  const python = box.script("cat", "echo hello");
  const error = await failure(findPython({ python, cwd: box.cwd, env: box.env }));
  expect(error).toMatchObject({ reason: "not-runnable" });
});

test("a folder where an interpreter is expected is said to be one", async () => {
  using box = new Sandbox();
  mkdirSync(box.path("environment"));
  const env = { ...box.env, SLITHER_PYTHON: box.path("environment") };
  const error = await failure(findPython({ cwd: box.cwd, env }));
  expect(error.message).toContain("a folder");
});

test("an empty SLITHER_PYTHON is none", async () => {
  using box = new Sandbox();
  box.pretender("path/python3", "3.12.1", "0.20.0");
  const found = await findPython({ cwd: box.cwd, env: { ...box.env, SLITHER_PYTHON: "" } });
  expect(found.source).toBe("python3 on PATH");
});

test("the option wins over SLITHER_PYTHON, that over VIRTUAL_ENV, that over the folders, these over PATH", async () => {
  using box = new Sandbox();
  const path = {
    path: box.pretender("path/python3", "3.10.1", "0.20.0"),
    hidden: box.pretender(".venv/bin/python", "3.10.2", "0.20.0"),
    managed: box.pretender(".slither/venv/bin/python", "3.10.3", "0.20.0"),
    active: box.pretender("active/bin/python", "3.10.4", "0.20.0"),
    variable: box.pretender("variable", "3.10.5", "0.20.0"),
    option: box.pretender("option", "3.10.6", "0.20.0"),
  };
  const { cwd } = box;
  const active = { ...box.env, VIRTUAL_ENV: box.path("active") };
  const variable = { ...active, SLITHER_PYTHON: path.variable };
  expect((await findPython({ cwd, env: variable, python: path.option })).path).toBe(path.option);
  expect((await findPython({ cwd, env: variable })).path).toBe(path.variable);
  expect((await findPython({ cwd, env: active })).path).toBe(path.active);
  expect((await findPython({ cwd, env: box.env })).path).toBe(path.managed);
  rmSync(box.path(".slither"), { recursive: true });
  expect((await findPython({ cwd, env: box.env })).path).toBe(path.hidden);
  rmSync(box.path(".venv"), { recursive: true });
  expect((await findPython({ cwd, env: box.env })).path).toBe(path.path);
});

test("the first folder that exists fails for what it lacks, although the next would do", async () => {
  using box = new Sandbox();
  box.pretender(".slither/venv/bin/python", "3.12.1", null);
  box.pretender(".venv/bin/python", "3.12.1", "0.20.0");
  const error = await failure(findPython({ cwd: box.cwd, env: box.env }));
  expect(error).toBeInstanceOf(PythonPackageMissingError);
  expect(error).toMatchObject({ package: "msgspec>=0.20", source: ".slither/venv" });
  expect(error.message).toMatch(/Make it again: npx slither setup$/);
});

test("an environment whose Python was uninstalled fails instead of being passed over", async () => {
  using box = new Sandbox();
  mkdirSync(box.path(".venv/bin"), { recursive: true });
  symlinkSync(box.path("uninstalled"), box.path(".venv/bin/python"));
  box.pretender("path/python3", "3.12.1", "0.20.0");
  const error = await failure(findPython({ cwd: box.cwd, env: box.env }));
  expect(error).toMatchObject({ reason: "missing", source: ".venv" });
});

test("a Python that is too old is named with both versions", async () => {
  using box = new Sandbox();
  box.pretender("path/python3", "3.9.18", "0.20.0");
  const error = await failure(findPython({ cwd: box.cwd, env: box.env }));
  expect(error).toBeInstanceOf(PythonVersionError);
  expect(error).toMatchObject({ code: "SLITHER_PYTHON_VERSION", expected: "3.10", got: "3.9.18" });
  expect(error.message).toContain("npx slither setup --python");
});

test("a real environment without msgspec fails with the command that installs it", async () => {
  using box = new Sandbox();
  const python = box.environment("bare");
  const error = await failure(findPython({ python, cwd: box.cwd, env: box.env }));
  expect(error).toBeInstanceOf(PythonPackageMissingError);
  expect(error.message).toContain(`${python} -m pip install 'msgspec>=0.20'`);
});

test("a real environment with msgspec is found, as the path of its own interpreter", async () => {
  using box = new Sandbox();
  const python = box.environment(".venv", { msgspec: "0.21.0" });
  const found = await findPython({ cwd: box.cwd, env: box.env });
  expect(found).toMatchObject({ path: python, source: ".venv", msgspec: "0.21.0" });
});

test("a launcher on PATH is seen through: what it starts is what is used", async () => {
  using box = new Sandbox();
  const python = box.environment("real", { msgspec: "0.21.0" });
  box.script("path/python3", `exec '${python}' "$@"`);
  const found = await findPython({ cwd: box.cwd, env: box.env });
  expect(found).toMatchObject({ path: python, source: "python3 on PATH" });
});

test("when there is no Python at all, everything that was tried is named", async () => {
  using box = new Sandbox();
  const error = await failure(findPython({ cwd: box.cwd, env: box.env }));
  expect(error).toMatchObject({ reason: "missing", path: undefined });
  expect(error.message).toMatch(/\.slither\/venv, \.venv or python3 on PATH.*SLITHER_PYTHON/);
});

test("a msgspec that is too old is refused, with both versions", async () => {
  using box = new Sandbox();
  box.pretender(".venv/bin/python", "3.12.1", "0.19.0");
  const error = await findPython({ cwd: box.cwd, env: box.env }).catch((reason) => reason);
  expect(error).toMatchObject({ code: "SLITHER_PYTHON_PACKAGE_MISSING" });
  expect(error.message).toContain(
    "expected the package `msgspec>=0.20` in the Python from .venv, got msgspec 0.19.0",
  );
});
