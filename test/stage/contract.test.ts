import { expect, test } from "vitest";
import { PythonError } from "../../src/errors/python.js";
import { rejection } from "../../src/stage/contract.js";
import { item } from "./context.js";

test("a rejection has the record, what the stage was given, and why it failed", () => {
  const error = new RangeError("too large");
  const meta = { note: 1 };
  const failed = item({ amount: 9 }, { id: "r-9", meta, input: { raw: "9" } });
  expect(rejection(failed, "check", error)).toEqual({
    id: "r-9",
    stage: "check",
    reason: "too large",
    error,
    traceback: undefined,
    payload: { amount: 9 },
    input: { raw: "9" },
    meta,
  });
});

test("the traceback of Python code is kept", () => {
  const site = { session: "a", target: "scorer.predict" };
  const fields = {
    type: "KeyError",
    module: "builtins",
    message: "'x'",
    traceback: "Traceback: …\nKeyError: 'x'",
  };
  expect(rejection(item(1), "predict", new PythonError(site, fields)).traceback).toBe(fields.traceback);
});

test.each([
  ["a text", "out of stock", "out of stock"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a number", 404, "404"],
])("when %s was thrown, that is the reason", (_, thrown, reason) => {
  expect(rejection(item(1), "check", thrown)).toMatchObject({ reason, error: thrown });
});

test("an object that cannot become text has a reason all the same", () => {
  const thrown = Object.create(null) as object;
  expect(rejection(item(1), "check", thrown).reason).toContain("object");
});
