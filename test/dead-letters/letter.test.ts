import { MemoryLimitError, PythonError, SessionLostError, SlitherError, WorkerDiedError } from "slither-ts";
import { expect, test } from "vitest";
import { letterOf } from "../../src/dead-letters/letter.js";
import { rejectionOf } from "./letters.js";

const about = { run: "scores-1", pipe: "scores", time: new Date(0) };
const death = {
  session: "a",
  pid: 9,
  signal: "SIGSEGV",
  exitCode: null,
  during: "m.f",
  lastLines: [],
} as const;

function pythonError(module: string, type: string): PythonError {
  const site = { session: "a", target: "m.f" };
  return new PythonError(site, { type, module, message: "no", traceback: "Traceback …" });
}

test("a letter says what is known of a rejection, and when and where it happened", () => {
  const error = pythonError("builtins", "ValueError");
  const meta = { source: "x" };
  expect(
    letterOf(rejectionOf(error, { traceback: error.traceback, attempts: 3, meta }), about),
  ).toStrictEqual({
    run: "scores-1",
    pipe: "scores",
    time: "1970-01-01T00:00:00.000Z",
    id: 7,
    stage: "predict",
    errorClass: "ValueError",
    code: "SLITHER_PYTHON",
    message: "why",
    traceback: "Traceback …",
    attempts: 3,
    input: "in",
    payload: { a: 1 },
    meta,
  });
});

test("of a stage that is fused, a letter says which stage was given the payload", () => {
  expect(letterOf(rejectionOf(new Error("no"), { entry: "featurize" }), about)).toMatchObject({
    stage: "predict",
    entry: "featurize",
    payload: { a: 1 },
  });
  expect(letterOf(rejectionOf(new Error("no")), about)).not.toHaveProperty("entry");
});

class OwnError extends Error {}

class PythonErrorOfAnotherCopy extends SlitherError {
  readonly code = "SLITHER_PYTHON";
  readonly pythonModule = "shop.errors";
  readonly pythonType = "SoldOut";
}

test.each([
  ["a builtin exception by its name", pythonError("builtins", "KeyError"), "KeyError"],
  ["another exception with its module", pythonError("shop.errors", "SoldOut"), "shop.errors.SoldOut"],
  [
    "an exception that another copy of this library made",
    new PythonErrorOfAnotherCopy(""),
    "shop.errors.SoldOut",
  ],
  ["an error of JavaScript by its class", new RangeError("no"), "RangeError"],
  ["a class that has not set its name", new OwnError("no"), "OwnError"],
  ["an error of this library by its class", new WorkerDiedError(death), "WorkerDiedError"],
  ["what is no error by its type", "no", "string"],
  ["undefined, which can be thrown", undefined, "undefined"],
  ["null, which can be thrown", null, "null"],
])("the class of the error: %s", (_, error, expected) => {
  expect(letterOf(rejectionOf(error), about).errorClass).toBe(expected);
});

test.each([
  ["itself", new WorkerDiedError(death), { signal: "SIGSEGV" }],
  [
    "behind another error",
    new SessionLostError("a", new Error("because", { cause: new WorkerDiedError(death) })),
    { signal: "SIGSEGV" },
  ],
  ["by an exit", new WorkerDiedError({ ...death, signal: null, exitCode: 3 }), { exitCode: 3 }],
  [
    "by the limit of memory",
    new MemoryLimitError({ ...death, signal: "SIGKILL" }, { usedBytes: 2, limitBytes: 1 }),
    { signal: "SIGKILL" },
  ],
  [
    "in a way that nobody could tell",
    new WorkerDiedError({ ...death, signal: undefined, exitCode: undefined }),
    {},
  ],
  ["not at all", new RangeError("no"), {}],
])("how the worker died: %s", (_, error, expected) => {
  const { signal, exitCode } = letterOf(rejectionOf(error), about);
  expect({ signal, exitCode }).toEqual(expected);
});

test("a chain of causes that goes round in a circle comes to an end", () => {
  const error = new Error("round");
  error.cause = error;
  expect(letterOf(rejectionOf(error), about).signal).toBeUndefined();
});

test("a code that is no text is left out", () => {
  const error = Object.assign(new Error("no"), { code: 5 });
  expect(letterOf(rejectionOf(error), about)).not.toHaveProperty("code");
});
