import { OptionsError, pipe } from "slither-ts";
import { faultTest } from "slither-ts/testing";
import { expect, test } from "vitest";
import { rejection } from "../helpers/rejection.js";

const lengths = pipe<string>("lengths").node("measure", (text) => text.length);

test.each([
  ["nothing", () => undefined, "`undefined`"],
  ["a promise of records", async () => ["a"], "a Promise (await it first)"],
  ["text", () => "ab", '`"ab"` (string)'],
])("an input function of faultTest() that gives %s is refused", async (_, input, got) => {
  const error = await rejection(faultTest(lengths, input as unknown as () => string[]), OptionsError);
  expect(error.message).toContain(`expected the input to give an iterable or async iterable, got ${got}`);
});
