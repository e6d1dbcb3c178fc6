import { OptionsError } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { duration, positiveInteger, text } from "../../src/options/fields.js";
import { parseOptions, show, unknownName } from "../../src/options/parse.js";

const table = z.strictObject(
  {
    name: text("a name"),
    batch: z.strictObject({ size: positiveInteger.default(250) }, { error: "an object" }).prefault({}),
    timeout: duration.prefault("5m"),
    folders: z.array(text("a folder"), { error: "an array of folders" }).default([]),
    nested: z
      .strictObject({
        deeper: z.strictObject({ limit: positiveInteger.optional() }, { error: "an object" }).optional(),
      })
      .optional(),
  },
  { error: "an object" },
);

function problems(options: unknown): readonly string[] {
  try {
    parseOptions("test()", table, options);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as OptionsError).problems;
  }
  return [];
}

test("options that are right come back with the defaults filled in", () => {
  expect(parseOptions("test()", table, { name: "a", timeout: "1s" })).toEqual({
    name: "a",
    batch: { size: 250 },
    timeout: 1_000,
    folders: [],
  });
});

test("the caller's options are not changed", () => {
  const options = Object.freeze({ name: "a", batch: Object.freeze({}) });
  parseOptions("test()", table, options);
  expect(options).toEqual({ name: "a", batch: {} });
});

test("an option left undefined has its default", () => {
  expect(
    parseOptions("test()", table, { name: "a", timeout: undefined, batch: { size: undefined } }),
  ).toMatchObject({
    timeout: 300_000,
    batch: { size: 250 },
  });
});

test.each([
  ["a wrong type", { name: 7 }, ["expected `name` to be a name, got `7` (number)"]],
  ["a missing option", {}, ["expected `name` to be a name, got `undefined`"]],
  [
    "a nested option",
    { name: "a", batch: { size: -1 } },
    ["expected `batch.size` to be a positive integer, got `-1` (number)"],
  ],
  [
    "an entry of an array",
    { name: "a", folders: ["x", 7] },
    ["expected `folders[1]` to be a folder, got `7` (number)"],
  ],
  ["options that are none", 7, ["expected the options to be an object, got `7` (number)"]],
  ["null", null, ["expected the options to be an object, got `null`"]],
  [
    "a name close to one that is known",
    { name: "a", timeot: 5 },
    ["unknown option `timeot`, did you mean `timeout`?"],
  ],
  [
    "a nested name close to one that is known",
    { name: "a", nested: { deeper: { limt: 5 } } },
    ["unknown option `nested.deeper.limt`, did you mean `limit`?"],
  ],
  [
    "a name like none that is known",
    { name: "a", concurrency: 5 },
    ["unknown option `concurrency`, expected one of `name`, `batch`, `timeout`, `folders`, `nested`"],
  ],
])("%s is told with what was expected and what came", (_, options, expected) => {
  expect(problems(options)).toEqual(expected);
});

test("every problem is told, each in a sentence, and the message has them all", () => {
  const options = { name: 7, batch: { size: 0 }, timout: 5 };
  expect(problems(options)).toHaveLength(3);
  expect(() => parseOptions("pipe()", table, options)).toThrow(
    /^pipe\(\): .*`name`.*; .*`batch\.size`.*; .*`timout`/,
  );
});

test("the error has a code, and where the options were given", () => {
  try {
    parseOptions("engine.session()", table, {});
    expect.fail("it was accepted");
  } catch (error) {
    expect(error).toMatchObject({ code: "SLITHER_OPTIONS", where: "engine.session()" });
  }
});

test.each([
  ["undefined", undefined, "`undefined`"],
  ["null", null, "`null`"],
  ["a text", "soon", '`"soon"` (string)'],
  ["a long text", "x".repeat(100), `\`"${"x".repeat(56)}…\` (string)`],
  ["a number", Number.NaN, "`NaN` (number)"],
  ["a bigint", 5n, "`5` (bigint)"],
  ["a boolean", true, "`true` (boolean)"],
  ["a symbol", Symbol("s"), "`Symbol(s)` (symbol)"],
  ["an array", [1, 2], "an array of 2"],
  ["an object", { a: 1 }, "an object (Object)"],
  ["an object of a class", new Map(), "an object (Map)"],
  ["an object without a prototype", Object.create(null), "an object (Object)"],
  ["a promise", Promise.resolve(1), "a Promise (await it first)"],
  ["a function", function named() {}, "a function `named`"],
  ["a function without a name", (() => () => {})(), "a function"],
])("%s is shown with its type", (_, value, shown) => {
  expect(show(value)).toBe(shown);
});

test("the contents of objects are not shown: they may be anything, and long", () => {
  expect(show({ password: "secret" })).not.toContain("secret");
});

test("an unknown name says what was meant, when something is near", () => {
  expect(unknownName("stage", "predcit", "predcit", ["clean", "predict"])).toBe(
    "unknown stage `predcit`, did you mean `predict`?",
  );
});

test("an unknown name says what it is the beginning of, before what is as near by chance", () => {
  expect(unknownName("option", "func", "func", ["fuse", "function"])).toBe(
    "unknown option `func`, did you mean `function`?",
  );
});

test("a name without a letter in common is not near, however short both are", () => {
  expect(unknownName("option", "n", "n", ["id", "count"])).toBe(
    "unknown option `n`, expected one of `id`, `count`",
  );
});

test("an unknown name lists what there is, when nothing is near", () => {
  expect(unknownName("stage", "publish", "publish", ["clean", "predict"])).toBe(
    "unknown stage `publish`, expected one of `clean`, `predict`",
  );
});

test("an unknown name where there are none says so", () => {
  expect(unknownName("stage", "publish", "publish", [])).toBe(
    "unknown stage `publish`, expected one of none",
  );
});
