import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { NdArray, Tuple, tuple } from "slither-ts";
import { describe, expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "../../src/dead-letters/record-codec.js";
import { carried } from "./carried.js";

const decode = (text: string) => decodeRecord(JSON.parse(text));

function comesBack(value: unknown): void {
  const decoded = decode(encodeRecord(value, "input"));
  expect(decoded.kind).toBe("value");
  deepStrictEqual(decoded, { kind: "value", value });
}

test("what JSON or the wire can carry comes back exactly as it was", () => {
  fc.assert(fc.property(carried, comesBack), { numRuns: 1_000 });
});

test("any value comes back exactly as it was, or is refused by name", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  });
  fc.assert(
    fc.property(fc.oneof(anything, fc.object({ values: [anything, carried], maxDepth: 1 })), (value) => {
      const text = encodeRecord(value, "input");
      expect(text).not.toContain("\n");
      const decoded = decode(text);
      if (decoded.kind === "value") deepStrictEqual(decoded.value, value);
      else expect(decoded).toMatchObject({ kind: "unsupported", path: expect.stringMatching(/^input/) });
    }),
    { numRuns: 1_000 },
  );
});

test("what JSON holds exactly is plain JSON, to be read by people and found by grep", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = encodeRecord(value, "input");
      fc.pre(!text.startsWith('{"$slither"'));
      expect(text).toBe(JSON.stringify(value));
    }),
  );
  expect(encodeRecord({ name: "Ünal", marks: [1, 2.5, null, true] }, "input")).toBe(
    '{"name":"Ünal","marks":[1,2.5,null,true]}',
  );
});

describe("comes back as it was", () => {
  test.each([
    ["undefined", { a: [undefined], b: undefined }],
    ["a Date", { when: [new Date(0), new Date(-1)] }],
    ["a Set in a Map", new Map([["a", new Set([1, { b: 2n }])]])],
    ["a Map whose key is undefined", new Map([[undefined, 1]])],
    ["a small bigint, which the wire makes a number", 5n],
    ["a bigint of any size", -(10n ** 400n)],
    ["a Uint8Array, which the wire makes a Buffer", Uint8Array.of(1, 2)],
    ["a Buffer", Buffer.from("a")],
    ["a typed array, which the wire makes an NdArray", Float32Array.of(-0, Number.NaN)],
    ["part of a larger buffer", new Float64Array(new ArrayBuffer(32), 8, 2)],
    ["an NdArray", new NdArray("bool", [1, 2], Uint8Array.of(0, 1))],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 5n })],
    ["an object with a key that is no text of Unicode", { "a\ud800": 1 }],
    ["an object that looks like what stands for a value", { $slither: "msgpack", data: "wA==" }],
    ["one that looks like a refusal, inside another", [{ $slither: "unsupported" }]],
    ["a Map with a key that an object cannot have", new Map([["__proto__", 1]])],
    [
      "a Map of numbers and bigints that are equal",
      new Map<unknown, unknown>([
        [1, "a"],
        [1n, "b"],
      ]),
    ],
    ["a Tuple that begins like an escape", tuple("bigint", 5)],
    ["a Tuple in a Tuple", tuple(tuple(), tuple(tuple("tuple")))],
    ["minus nothing", -0],
    ["NaN in an object", { a: Number.NaN }],
  ])("%s", (_, value) => comesBack(value));

  test("with its keys in their order", () => {
    const value = {
      b: 5n,
      a: 1,
      7: new Map<unknown, unknown>([
        ["z", 1],
        [null, 2],
      ]),
    };
    const decoded = decode(encodeRecord(value, "input"));
    expect(JSON.stringify((decoded as { value: object }).value, keysAndMaps)).toBe(
      JSON.stringify(value, keysAndMaps),
    );
  });

  test("with more items than a function takes arguments", () => {
    const items = Array.from({ length: 300_000 }, (_, index) => index);
    const large = new Tuple<number>();
    for (const item of items) large.push(item);
    comesBack([large, new Map(items.map((item) => [item, item])), items]);
  });

  test.each([
    ["plain", () => 1],
    ["encoded", () => 5n],
    ["a typed array", () => Float32Array.of(1)],
    ["of Tuples", () => tuple()],
    ["of Maps", () => new Map()],
  ])("when it nests 199 levels deep, %s at the bottom", (_, bottom) => {
    const wrap = (value: unknown): unknown =>
      typeof bottom() !== "object" || ArrayBuffer.isView(bottom())
        ? [value]
        : bottom() instanceof Map
          ? new Map([["a", value]])
          : tuple(value);
    let value: unknown = bottom();
    for (let level = 0; level < 199; level++) value = wrap(value);
    comesBack(value);
  });
});

function keysAndMaps(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Map ? [...value] : value;
}

class Point {
  readonly x = 1;
}

const cyclic: unknown[] = [];
cyclic.push(cyclic, cyclic);

describe("is refused by name, with its place and what it looked like", () => {
  test.each([
    [
      "an instance of a class, deep inside",
      { a: [{ "two words": new Point() }] },
      "Point",
      'input.a[0]["two words"]',
      "x: 1",
    ],
    ["an instance of a class", new Point(), "Point", "input", "x: 1"],
    ["a function", { call: () => 1 }, "function", "input.call", "call"],
    ["a function that JSON would call", { toJSON: () => 1 }, "function", "input.toJSON", "toJSON"],
    ["a Set with properties", Object.assign(new Set(), { a: 1 }), "a Set with properties", "input", "Set(0)"],
    ["an invalid Date", [new Date(Number.NaN)], "an invalid Date", "input[0]", "Invalid Date"],
    [
      "a Date with properties",
      Object.assign(new Date(0), { a: 1 }),
      "a Date with properties",
      "input",
      "1970",
    ],
    ["an array with holes", Array(3), "an array with holes or properties", "input", "3 empty items"],
    [
      "a hole that a property makes up for",
      Object.assign(Array(1), { a: 1 }),
      "an array with holes or properties",
      "input",
      "a: 1",
    ],
    ["the match of an expression", /a/.exec("a"), "an array with holes or properties", "input", "index"],
    ["an array of a subclass", new (class Row extends Array<number> {})(), "Row", "input", "Row(0)"],
    ["the key __proto__", JSON.parse('{"__proto__":1}'), "the key __proto__", "input", "__proto__"],
    [
      "a symbol as a key",
      { [Symbol("s")]: 1 },
      "an object with symbol keys or hidden properties",
      "input",
      "s",
    ],
    ["an object as a key", new Map([[{}, 1]]), "a Map key of type Object", "input", "Map(1)"],
    [
      "what is cyclic",
      cyclic,
      "a value more than 200 levels deep, or a cyclic one",
      /^input\[0\]/,
      "Circular",
    ],
    ["bytes in another form", new DataView(new ArrayBuffer(1)), "DataView", "input", "DataView"],
    [
      "a typed array that numpy does not know",
      new Uint8ClampedArray(1),
      "Uint8ClampedArray",
      "input",
      "Uint8Clamped",
    ],
  ])("%s", (_, value, type, path, text) => {
    expect(decode(encodeRecord(value, "input"))).toMatchObject({
      kind: "unsupported",
      type,
      path: typeof path === "string" ? path : expect.stringMatching(path),
      text: expect.stringContaining(text),
    });
  });

  test("a value that throws when it is read", () => {
    const value = {
      a: {
        get b() {
          throw new Error("not now");
        },
      },
    };
    expect(decode(encodeRecord(value, "meta"))).toMatchObject({
      type: "a value that cannot be read or written (not now)",
      path: "meta.a.b",
    });
  });

  test("a proxy that refuses everything", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(decode(encodeRecord(proxy, "input"))).toMatchObject({ kind: "unsupported", path: "input" });
  });

  test("a value that is too large for a line, and little of it is shown", () => {
    const text = encodeRecord(Buffer.alloc(60 * 2 ** 20), "input");
    expect(text.length).toBeLessThan(3_000);
    expect(decode(text)).toMatchObject({ type: expect.stringMatching(/^a value of \d+ characters$/) });
  });

  test("an NdArray whose data was taken away after it was made", () => {
    const data = Int8Array.of(1, 2);
    const array = new NdArray("int8", [2], data);
    structuredClone(data, { transfer: [data.buffer] });
    expect(decode(encodeRecord(array, "input"))).toMatchObject({ kind: "unsupported" });
  });
});

test.each([
  ["a kind that there is not", { $slither: "zip", data: "" }, 'an object with "$slither": "zip"'],
  ["no data", { $slither: "msgpack" }, 'an object with "$slither": "msgpack"'],
  ["base64 with something in it", { $slither: "msgpack", data: "w!A==" }, "damaged base64"],
  [
    "data that ends too early",
    { $slither: "msgpack", data: Buffer.from([0x93, 1]).toString("base64") },
    "damaged data",
  ],
  ["no data at all", { $slither: "msgpack", data: "" }, "damaged data"],
])("what was never written is told from what was: %s", (_, stored, problem) => {
  expect(decodeRecord(stored)).toEqual({ kind: "broken", problem: expect.stringContaining(problem) });
});
