import { NdArray, OptionsError, type Ref } from "slither-ts";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";

const session = sharedSession();
let ref: Ref;
beforeAll(async () => {
  ref = await session().create("model", "Model");
});

/** What cannot be written in TypeScript, but in JavaScript. */
type Anything = (...args: unknown[]) => unknown;

async function problem(work: () => unknown): Promise<string> {
  return (await rejection((async () => work())(), OptionsError)).message;
}

const CALLS: [string, (...args: unknown[]) => unknown][] = [
  ["session.call()", (...args) => (session().call as Anything).apply(session(), args)],
  ["session.create()", (...args) => (session().create as Anything).apply(session(), args)],
];

describe.each(CALLS)("%s refuses", (where, call) => {
  test.each<[string, unknown[], string]>([
    [
      "a module that is no text",
      [7, "f"],
      "expected `module` to be the name of a Python module, got `7` (number)",
    ],
    [
      "a module without a name",
      ["", "f"],
      'expected `module` to be the name of a Python module, got `""` (string)',
    ],
    [
      "a function that is no text",
      ["m", () => {}],
      "expected `function` to be the name of a function in it, got a function",
    ],
    [
      "keyword arguments in the place of arguments",
      ["m", "f", { a: 1 }],
      "expected `args` to be an array of positional arguments (keyword arguments go into the option `kwargs`), got an object (Object)",
    ],
    ["null as options", ["m", "f", [], null], "expected the options to be an object, got `null`"],
    ["a misspelt option", ["m", "f", [], { timout: 1 }], "unknown option `timout`, did you mean `timeout`?"],
    [
      "a timeout in words",
      ["m", "f", [], { timeout: "soon" }],
      'expected `timeout` to be a duration: milliseconds above 0, or text such as "200ms", "5s" or "1h", got `"soon"` (string)',
    ],
    [
      "a controller in the place of its signal",
      ["m", "f", [], { signal: new AbortController() }],
      "expected `signal` to be an AbortSignal, got an object (AbortController)",
    ],
    [
      "a list as keyword arguments",
      ["m", "f", [], { kwargs: [1] }],
      "expected `kwargs` to be an object of keyword arguments, got an array of 1",
    ],
    [
      "a text as to whether it may be repeated",
      ["m", "f", [], { idempotent: "yes" }],
      'expected `idempotent` to be true or false, got `"yes"` (string)',
    ],
    [
      "a Map as keyword arguments",
      ["m", "f", [], { kwargs: new Map([["a", 1]]) }],
      "expected `kwargs` to be an object of keyword arguments, got an object (Map)",
    ],
    [
      "an array of numpy as keyword arguments",
      ["m", "f", [], { kwargs: new NdArray("int8", [0], new Int8Array()) }],
      "expected `kwargs` to be an object of keyword arguments, got an object (NdArray)",
    ],
  ])("%s", async (_, args, message) => {
    expect(await problem(() => call(...args))).toBe(`${where}: ${message}`);
  });
});

describe("ref.call() refuses", () => {
  test.each<[string, unknown[], string]>([
    [
      "a method that is no text",
      [7],
      "expected `method` to be the name of a method, or the empty text for the object itself, got `7` (number)",
    ],
    [
      "keyword arguments in the place of arguments",
      ["fit", { X: [] }],
      "expected `args` to be an array of positional arguments (keyword arguments go into the option `kwargs`), got an object (Object)",
    ],
    ["a misspelt option", ["fit", [], { kwarg: {} }], "unknown option `kwarg`, did you mean `kwargs`?"],
  ])("%s", async (_, args, message) => {
    expect(await problem(() => (ref.call as Anything).apply(ref, args))).toBe(`ref.call(): ${message}`);
  });
});

describe("ref.get() refuses", () => {
  test.each<[string, unknown[], string]>([
    [
      "an attribute that is no text",
      [7],
      "expected `attribute` to be the name of an attribute, got `7` (number)",
    ],
    [
      "keyword arguments, of which reading has none",
      ["sum_", { kwargs: {} }],
      "unknown option `kwargs`, expected one of `timeout`, `signal`",
    ],
  ])("%s", async (_, args, message) => {
    expect(await problem(() => (ref.get as Anything).apply(ref, args))).toBe(`ref.get(): ${message}`);
  });
});
