import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { asReturned, exactly, values } from "../wire/values.js";

const session = sharedSession();
const numRuns = 20_000;

test("Python is given exactly the value that was sent", async () => {
  const property = fc.asyncProperty(values, async (value) => {
    deepStrictEqual(await session().call("exactly", "exactly", [value]), exactly(value));
  });
  await fc.assert(property, { numRuns });
});

test("a value comes back from Python as it was sent", async () => {
  const property = fc.asyncProperty(values, async (value) => {
    deepStrictEqual(await session().call("echo", "echo", [value]), asReturned(value));
  });
  await fc.assert(property, { numRuns });
});
