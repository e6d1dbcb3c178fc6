import { expect, test } from "vitest";
import { PythonError } from "../../src/errors/python.js";
import { failure, rejection } from "../../src/stage/contract.js";
import { alone, item } from "./context.js";

test("a rejection has the record, what the stage was given, and why it failed", () => {
  const error = new RangeError("too large");
  const meta = { note: 1 };
  const failed = item({ amount: 9 }, { id: "r-9", meta, input: { raw: "9" } });
  expect(rejection(failed, failure(alone("check"), error, 2, failed.payload))).toEqual({
    id: "r-9",
    stage: "check",
    reason: "too large",
    error,
    traceback: undefined,
    attempts: 2,
    payload: { amount: 9 },
    input: { raw: "9" },
    meta,
  });
});

test("where an earlier stage was given the payload, the failure names it", () => {
  const at = { stage: "predict", entry: "featurize" };
  expect(failure(at, new Error("bad"), 1, 7)).toMatchObject({ ...at, payload: 7 });
  expect(failure(alone("predict"), new Error("bad"), 1, 7)).not.toHaveProperty("entry");
});

test("the traceback of Python code is kept", () => {
  const site = { session: "a", target: "scorer.predict" };
  const fields = {
    type: "KeyError",
    module: "builtins",
    message: "'x'",
    traceback: "Traceback: …\nKeyError: 'x'",
  };
  expect(failure(alone("predict"), new PythonError(site, fields), 1, 7).traceback).toBe(fields.traceback);
});

test.each([
  ["a text", "out of stock", "out of stock"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a number", 404, "404"],
])("when %s was thrown, that is the reason", (_, thrown, reason) => {
  expect(failure(alone("check"), thrown, 1, 7)).toMatchObject({ reason, error: thrown });
});

test("an object that cannot become text has a reason all the same", () => {
  const thrown = Object.create(null) as object;
  expect(failure(alone("check"), thrown, 1, 7).reason).toContain("object");
});

test("a record that Python code sets aside by raising Rejected has what that says as its reason", () => {
  const site = { session: "a", target: "scorer.predict" };
  const fields = { type: "Rejected", module: "slither_worker", message: "no label", traceback: "" };
  expect(failure(alone("predict"), new PythonError(site, fields), 1, 7).reason).toBe("no label");
});
