import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PythonError, PythonFunctionError, PythonImportError } from "slither-ts";
import { expect, test } from "vitest";
import { sharedSession, testEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";

const session = sharedSession();

test("a module that does not exist is named, with where to look", async () => {
  const error = await rejection(session().call("no_such_module", "f"), PythonImportError);

  expect(error.message).toMatch(
    /^session shared: no_such_module\.f: there is no Python module no_such_module; if it is yours, name its folder in pythonPath/,
  );
  expect(error).toMatchObject({ module: "no_such_module", missing: "no_such_module", session: "shared" });
});

test("a package that a module needs is named, with how to install it", async () => {
  const error = await rejection(session().call("needs_missing", "f"), PythonImportError);

  expect(error.message).toBe(
    "session shared: needs_missing.f: module needs_missing needs surely_not_installed, which is not installed: " +
      "`npx slither setup surely_not_installed` or `pip install surely_not_installed`",
  );
  expect(error.missing).toBe("surely_not_installed");
  expect(error.traceback).toMatch(/needs_missing\.py", line 3/);
});

test("a module that raises while it is imported says what, and where", async () => {
  const error = await rejection(session().call("fails_at_import", "f"), PythonImportError);

  expect(error.message).toBe(
    "session shared: fails_at_import.f: module fails_at_import failed while it was imported: RuntimeError: the license has expired",
  );
  expect(error).toMatchObject({ module: "fails_at_import", missing: undefined });
  expect(error.cause).toBeInstanceOf(PythonError);
  expect(error.traceback).toMatch(/fails_at_import\.py", line 3/);
  expect(error.traceback).not.toMatch(/slither_worker/);
});

test("a misspelt function is told from those that there are", async () => {
  const error = await rejection(session().call("scorer", "predict_bacth"), PythonFunctionError);

  expect(error.message).toMatch(
    /^session shared: scorer\.predict_bacth does not exist, did you mean predict_batch( or predict)?\?$/,
  );
  expect(error.target).toBe("scorer.predict_bacth");
  expect(error.suggestions).toContain("predict_batch");
});

test("a misspelt method is told from those of its class", async () => {
  const error = await rejection(session().call("scorer", "Model.laod"), PythonFunctionError);

  expect(error.message).toBe("session shared: scorer.Model.laod does not exist, did you mean load?");
});

test("a name that is no function says so", async () => {
  const error = await rejection(session().call("scorer", "threshold"), PythonFunctionError);

  expect(error.message).toBe("session shared: scorer.threshold cannot be called");
});

test("a module that was missing is found once it is there", async () => {
  const folder = temporaryFolder();
  const engine = await testEngine({ pythonPath: [folder] });
  const own = await engine.session();
  await rejection(own.call("late", "f"), PythonImportError);

  writeFileSync(join(folder, "late.py"), "def f():\n    return 'here'\n");

  expect(await own.call("late", "f")).toBe("here");
});
