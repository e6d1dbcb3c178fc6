import { deepStrictEqual } from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { Tuple, ValueNotSupportedError } from "slither-ts";
import { expect, test } from "vitest";
import { packKey, unpackKey } from "../../../src/stores/kept/key.js";
import { packValue } from "../../../src/stores/kept/pack.js";
import { unpackValue } from "../../../src/stores/kept/unpack.js";
import { keys, same, values } from "./values.js";

test("every value that is taken comes back as it was", () => {
  const property = fc.property(values, (value) => deepStrictEqual(unpackValue(packValue(value)), value));
  fc.assert(property, { numRuns: 3_000 });
});

test("a date that is none stays one", () => {
  expect(unpackValue(packValue(new Date(Number.NaN)))).toEqual(new Date(Number.NaN));
});

test("two keys have the same bytes when they are the same key, and only then", () => {
  const property = fc.property(keys, keys, (one, other) => {
    expect(packKey(one).equals(packKey(other))).toBe(same(one, other));
    expect(same(unpackKey(packKey(one)), one)).toBe(true);
  });
  fc.assert(property, { numRuns: 3_000 });
});

test("a value that was unpacked shares no memory with its bytes", () => {
  const bytes = packValue({ raw: Uint8Array.of(1, 2), floats: Float64Array.of(3) });
  const value = unpackValue(bytes);
  bytes.fill(0);
  deepStrictEqual(value, { raw: Uint8Array.of(1, 2), floats: Float64Array.of(3) });
});

test("a key that would change the prototype is a key as any other", () => {
  const value = unpackValue(packValue(JSON.parse('{ "__proto__": { "admin": true } }'))) as object;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test("an object of another realm is a plain one", () => {
  const foreign = runInNewContext("({ a: [1, { b: new Date(7) }] })");
  expect(unpackValue(packValue(foreign))).toEqual({ a: [1, { b: new Date(7) }] });
});

class Point {
  x = 1;
}

/** Its objects have as many prototypes as plain ones. */
class Rootless {
  x = 1;

  static {
    Object.setPrototypeOf(Rootless.prototype, null);
  }
}

class Pair extends Tuple {}

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

const withHole = [1, 2, 3];
delete withHole[1];

const matched = /b/.exec("abc");

test.each<[string, unknown, string, string]>([
  ["a function", { on: { click: () => 1 } }, "value.on.click", "function"],
  ["a symbol", [Symbol("s")], "value[0]", "symbol"],
  ["an object of a class", { at: [new Point()] }, "value.at[0]", "Point"],
  ["an object of a class without a class above it", [new Rootless()], "value[0]", "Rootless"],
  ["an object of an object without a prototype", Object.create(Object.create(null)), "value", "Object"],
  ["a tuple of a class of its own", new Pair(), "value", "Pair"],
  [
    "a date with fields",
    Object.assign(new Date(0), { zone: "UTC" }),
    "value",
    "a Date with fields of its own",
  ],
  ["a map with fields", { m: Object.assign(new Map(), { a: 1 }) }, "value.m", "a Map with fields of its own"],
  ["a set with fields", [Object.assign(new Set(), { a: 1 })], "value[0]", "a Set with fields of its own"],
  [
    "an object with a property that is not enumerable",
    { in: Object.defineProperty({ a: 1 }, "b", { value: 2 }) },
    "value.in",
    "an object with hidden properties",
  ],
  ["an error", new Error("no"), "value", "Error"],
  ["a regular expression", { "two words": /a/ }, 'value["two words"]', "RegExp"],
  ["a promise", new Map([["later", Promise.resolve(1)]]), "value.later", "Promise"],
  ["what is in a key of a map", new Map([[{ f: () => 1 }, 1]]), "value[[object Object]].f", "function"],
  ["an array buffer", new ArrayBuffer(1), "value", "ArrayBuffer"],
  ["a view", new DataView(new ArrayBuffer(1)), "value", "DataView"],
  ["an object with a symbol as a key", { [Symbol("s")]: 1 }, "value", "an object with the key Symbol(s)"],
  ["an array with a hole", [withHole], "value[0]", "an array with holes, or with fields of its own"],
  ["an array with fields", { matched }, "value.matched", "an array with holes, or with fields of its own"],
])("%s is refused by its path and its type", (_, value, path, typeName) => {
  let thrown: unknown;
  try {
    packValue(value);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ValueNotSupportedError);
  expect(thrown).toMatchObject({ path, typeName, direction: "stored" });
});

test("a value that holds itself is refused, and not walked for ever", () => {
  expect(() => packValue(cyclic)).toThrow("values may nest 200 levels deep; is it cyclic?");
});

test("a getter that throws is told as what is wrong with the value", () => {
  const value = {
    get broken(): never {
      throw new Error("not today");
    },
  };
  expect(() => packValue(value)).toThrow("got a value that cannot be read (not today)");
});
