import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  abortSignal,
  callback,
  duration,
  instance,
  plainObject,
  positiveInteger,
  text,
} from "../../src/options/fields.js";

test.each([
  ["200ms", 200],
  ["5s", 5_000],
  ["1.5s", 1_500],
  ["10m", 600_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  [250, 250],
  [0.5, 0.5],
])("the duration %s is %i milliseconds", (given, milliseconds) => {
  expect(duration.parse(given)).toBe(milliseconds);
});

test.each([
  0,
  -1,
  "0s",
  "-5s",
  "5",
  "5 s",
  "s",
  "5S",
  "1e3ms",
  "",
  Number.NaN,
  Number.POSITIVE_INFINITY,
  null,
  {},
])("%j is no duration, and the message says what is one", (given) => {
  const { success, error } = duration.safeParse(given);
  expect(success).toBe(false);
  expect(error?.issues[0]?.message).toBe(
    'a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h"',
  );
});

test.each([1, 250, Number.MAX_SAFE_INTEGER])("%i is a positive integer", (given) => {
  expect(positiveInteger.parse(given)).toBe(given);
});

test.each([0, -1, 1.5, "1", Number.NaN, Number.POSITIVE_INFINITY, 1n, null, undefined])(
  "%s is no positive integer",
  (given) => {
    expect(positiveInteger.safeParse(given).error?.issues[0]?.message).toBe("a positive integer");
  },
);

test.each(["", 7, null, undefined, ["a"]])("%j is no text", (given) => {
  expect(text("a name").safeParse(given).error?.issues[0]?.message).toBe("a name");
});

test("a callback is any function, given on as it is", () => {
  const given = (): number => 1;
  expect(callback("a function").parse(given)).toBe(given);
  expect(callback("a function").safeParse("given").error?.issues[0]?.message).toBe("a function");
});

test("an instance is of its class or of one below it", () => {
  class Base {}
  class Special extends Base {}
  const field = instance(Base, "a base");
  expect(field.safeParse(new Special()).success).toBe(true);
  expect(field.safeParse({}).success).toBe(false);
});

test("an abort signal is the signal, not its controller", () => {
  expect(abortSignal.safeParse(new AbortController().signal).success).toBe(true);
  expect(abortSignal.safeParse(new AbortController()).success).toBe(false);
});

test.each([
  ["an object", { a: 1 }],
  ["an object without a prototype", Object.create(null)],
  ["an object of another realm", runInNewContext("({ a: 1 })")],
])("%s is a plain object", (_, given) => {
  expect(plainObject("an object").safeParse(given).success).toBe(true);
});

test.each([
  ["an array", [1]],
  ["null", null],
  ["a Map", new Map()],
  ["a Date", new Date(0)],
  ["a text", "a"],
])("%s is no plain object", (_, given) => {
  expect(plainObject("an object").safeParse(given).error?.issues[0]?.message).toBe("an object");
});

test("a plain object is given on as it is, not copied", () => {
  const given = { a: 1 };
  expect(z.strictObject({ given: plainObject("an object") }).parse({ given }).given).toBe(given);
});
