import { PythonError, SlitherError } from "slither-ts";
import { expect, test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";

const session = sharedSession();

const raised = (name: string): Promise<PythonError> => rejection(session().call("raiser", name), PythonError);

test("an exception arrives with its class, its text and where it was raised", async () => {
  const error = await raised("simple");

  expect(error.message).toBe("session shared: raiser.simple raised ValueError: expected 3 features, got 2");
  expect(error).toMatchObject({
    pythonType: "ValueError",
    pythonModule: "builtins",
    pythonMessage: "expected 3 features, got 2",
    session: "shared",
    target: "raiser.simple",
    stage: undefined,
    cause: undefined,
  });
});

test("a traceback has the line of the user's code and no line of the worker's", async () => {
  const { traceback } = await raised("simple");

  expect(traceback).toMatch(/^Traceback \(most recent call last\):\n/);
  expect(traceback).toMatch(/raiser\.py", line \d+, in simple\n/);
  expect(traceback).toMatch(/# the line that raises\n/);
  expect(traceback).toMatch(/ValueError: expected 3 features, got 2\n$/);
  expect(traceback).not.toMatch(/slither_worker/);
});

test("an exception class of the user's is named with its module", async () => {
  const error = await raised("custom");

  expect(error).toMatchObject({ pythonType: "ScoringError", pythonModule: "raiser" });
});

test.each(["explicit_cause", "implicit_context"])(
  "the %s of an exception is the cause of the error",
  async (name) => {
    const error = await raised(name);

    expect(error.pythonType).toBe("ScoringError");
    expect(error.cause).toBeInstanceOf(PythonError);
    expect(error.cause).toMatchObject({
      pythonType: "KeyError",
      pythonMessage: "'missing'",
      cause: undefined,
    });
  },
);

test("a context that the code has hidden is no cause", async () => {
  expect((await raised("hidden_context")).cause).toBeUndefined();
});

test("sys.exit() ends the call and not the session", async () => {
  const error = await rejection(session().call("killer", "sys_exit", [3]), PythonError);

  expect(error).toMatchObject({ pythonType: "SystemExit", pythonMessage: "3" });
  expect(session().state).toBe("ready");
});

test("an exception whose text cannot be made is still reported", async () => {
  const error = await raised("unprintable");

  expect(error.pythonType).toBe("Unprintable");
  expect(error.pythonMessage).toMatch(/no message: RuntimeError/);
});

test("a very long text is cut in the middle, and says how much is missing", async () => {
  const { pythonMessage } = await raised("long_message");

  expect(pythonMessage.length).toBeLessThan(70_000);
  expect(pythonMessage).toMatch(/^startx+\n\[\.\.\. \d+ bytes are left out here \.\.\.\]\nx+end$/);
});

test("a text of several lines stays that", async () => {
  expect((await raised("several_lines")).message).toBe(
    "session shared: raiser.several_lines raised ValueError: first\nsecond",
  );
});

test("a text with a lone surrogate arrives", async () => {
  expect((await raised("surrogate")).pythonMessage).toBe("half \ud800");
});

test("an error of Python is a SlitherError with its own code", async () => {
  const error = await raised("simple");

  expect(SlitherError.is(error)).toBe(true);
  expect(error.code).toBe("SLITHER_PYTHON");
});
