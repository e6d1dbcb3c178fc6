import { runInNewContext } from "node:vm";
import { NdArray, RefError, Tuple, tuple, ValueNotSupportedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { packable, packBody } from "../../src/wire/encode.js";
import { unpack } from "../../src/wire/extensions.js";
import { thrown } from "../helpers/rejection.js";
import { TestHandle } from "./notation.js";

/** What the value is when it is encoded and decoded again. */
function carried(value: unknown): unknown {
  return unpack(packBody(packable([value], "a", "args"), "args"), (ref) => new TestHandle(ref));
}

function refusal(value: unknown): ValueNotSupportedError {
  return thrown(() => packable([value], "a", "args"), ValueNotSupportedError);
}

/** An array whose memory another thread has by now. */
function givenAway(): NdArray {
  const array = new NdArray("int8", [2], Int8Array.of(1, 2));
  const buffer = array.data.buffer as ArrayBuffer;
  structuredClone(buffer, { transfer: [buffer] });
  return array;
}

class Point {
  when = new Date(0);
}
class Numbers extends Array<number> {}
class Samples extends Float64Array {}

const REFUSED: readonly [name: string, value: unknown, hint: string][] = [
  ["undefined", undefined, "use null, or leave the key out"],
  ["function", () => 1, "make it a view(), which Python may ask by its name"],
  ["symbol", Symbol("s"), "use a string"],
  ["Date", new Date(0), "use date.toISOString() or date.getTime()"],
  ["Set", new Set([1]), "use [...set]"],
  ["RegExp", /x/, "use regexp.source"],
  ["Promise", Promise.resolve(1), "await it first"],
  ["URL", new URL("file:///x"), "use url.href"],
  ["TypeError", new TypeError("x"), "use error.message"],
  ["ArrayBuffer", new ArrayBuffer(1), "use new Uint8Array(buffer) for bytes"],
  ["DataView", new DataView(new ArrayBuffer(1)), "use a Uint8Array for bytes"],
  ["Uint8ClampedArray", new Uint8ClampedArray(1), "use a Uint8Array for bytes, or an NdArray"],
  ["WeakMap", new WeakMap(), "use a plain object with the fields that Python needs"],
  ["Point", new Point(), "use a plain object with the fields that Python needs"],
  ["Numbers", new Numbers(3), "use a plain object with the fields that Python needs"],
  ["Samples", new Samples(1), "use a plain object with the fields that Python needs"],
  ["NdArray", givenAway(), "it had 2 elements and has 0; was its buffer given away?"],
  [
    "the key __proto__",
    JSON.parse('{"__proto__": 1}'),
    "JavaScript objects cannot hold it safely; rename it",
  ],
  ["the key __proto__", new Map([["__proto__", 1]]), "JavaScript objects cannot hold it safely; rename it"],
  [
    "a Map key of type Object",
    new Map([[{}, 1]]),
    "keys can be strings, numbers, bigints, booleans and null",
  ],
];

describe("what cannot be carried", () => {
  test.each(REFUSED)("%s is refused by name, with a hint", (name, value, hint) => {
    const error = refusal(value);

    expect(error.message).toBe(
      `expected args[0] to be a value that Python can be given, got ${name} (${hint})`,
    );
    expect(error).toMatchObject({ typeName: name, path: "args[0]", direction: "argument" });
  });

  test.each([
    ["args[0].a[2].when", { a: [1, 2, { when: new Date() }] }],
    ['args[0]["two words"]', { "two words": undefined }],
    ['args[0][""]', { "": undefined }],
    ['args[0]["\\ud800"]', { "\ud800": undefined }],
    ["args[0].constructor", { constructor: undefined }],
    ["args[0][7]", new Map([[7, undefined]])],
    ["args[0][null].x", new Map([[null, { x: undefined }]])],
    ["args[0][1]", tuple(1, undefined)],
    ["args[0][0][1].x", [tuple(0, { x: undefined })]],
    // biome-ignore lint/suspicious/noSparseArray: that is what is tested.
    ["args[0][1]", [1, , 3]],
  ])("a refusal names the place %s", (path, value) => {
    expect(refusal(value).path).toBe(path);
  });

  test("the first value that cannot be carried is the one that is named", () => {
    expect(refusal({ fine: 1, first: [undefined], second: new Date() }).path).toBe("args[0].first[0]");
  });

  test("an object of a class is named, not another of that class inside it", () => {
    class Tree {
      readonly left: Tree | undefined;
      constructor(left?: Tree) {
        this.left = left;
      }
    }

    expect(refusal([new Tree(new Tree())]).path).toBe("args[0][0]");
  });

  test("a key that cannot be carried is named, not a value beside it that cannot either", () => {
    const value = { ...JSON.parse('{"__proto__": 1}'), b: undefined };

    expect(refusal(value)).toMatchObject({ path: "args[0]", typeName: "the key __proto__" });
  });

  test("a cyclic value is refused", () => {
    const cyclic: unknown[] = [];
    cyclic.push({ again: cyclic });

    const error = refusal(cyclic);

    expect(error.message).toMatch(/values may nest 200 levels deep; is it cyclic\?/);
    expect(error.path.length).toBeLessThan(200);
  });

  test.each([
    ["arrays", (inner: unknown) => [inner]],
    ["objects", (inner: unknown) => ({ inner })],
    ["tuples", (inner: unknown) => tuple(inner)],
    ["maps", (inner: unknown) => new Map([[1, inner]])],
  ])("%s may nest 200 levels deep, and not 201", (_, wrap) => {
    let value: unknown = 0;
    for (let level = 1; level <= 200; level++) value = wrap(value);

    expect(() => carried(value)).not.toThrow();
    expect(refusal(wrap(value)).message).toMatch(/200 levels/);
  });

  test("a ref of another session is refused, by the names of both and of the object's class", () => {
    const error = thrown(() => packable([new TestHandle(1, "b")], "a", "args"), RefError);

    expect(error.message).toBe(
      "a ref to the Model of session b was used in session a; an object stays in its session",
    );
    expect(error.session).toBe("b");
  });

  test("a ref that was released is refused", () => {
    expect(() => packable([new TestHandle(1, "a", true)], "a", "args")).toThrow(
      "session a: the ref to the Model was released and cannot be used any more",
    );
  });
});

describe("what is carried", () => {
  test.each([
    ["2 ** 31 - 1", 2 ** 31 - 1],
    ["2 ** 31", 2 ** 31],
    ["2 ** 32 - 1", 2 ** 32 - 1],
    ["2 ** 32", 2 ** 32],
    ["2 ** 53", 2 ** 53],
    ["-2 ** 31 - 1", -(2 ** 31) - 1],
    ["-2 ** 53", -(2 ** 53)],
    ["2n ** 53n + 1n", 2n ** 53n + 1n],
    ["-2n ** 53n - 1n", -(2n ** 53n) - 1n],
    ["2n ** 63n", 2n ** 63n],
    ["2n ** 64n - 1n", 2n ** 64n - 1n],
    ["2n ** 64n", 2n ** 64n],
    ["-2n ** 63n - 1n", -(2n ** 63n) - 1n],
    ["2n ** 100_000n", 2n ** 100_000n],
  ])("the integer %s", (_, value) => {
    expect(carried(value)).toStrictEqual([value]);
  });

  test("a bigint that a number holds exactly comes back as a number", () => {
    expect(carried([5n, -(2n ** 53n)])).toStrictEqual([[5, -(2 ** 53)]]);
  });

  test("-0, NaN and the infinities", () => {
    expect(carried([-0, Number.NaN, Infinity, -Infinity])).toStrictEqual([
      [-0, Number.NaN, Infinity, -Infinity],
    ]);
  });

  test("an object whose keys mean something to JavaScript or to the encoder", () => {
    const value = { constructor: 1, toString: 2, hasOwnProperty: 3, toJSON: 4, "": 5, "7": 6, length: 7 };

    expect(Object.entries((carried(value) as object[])[0] as object).sort()).toEqual(
      Object.entries(value).sort(),
    );
  });

  test("an object without a prototype", () => {
    expect(carried(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual([{ a: 1 }]);
  });

  test("plain objects and arrays of another realm", () => {
    expect(carried(runInNewContext("({ a: [1, { b: 2 }] })"))).toStrictEqual([{ a: [1, { b: 2 }] }]);
  });

  test.each([
    ["Int8Array", Int8Array.of(-1), "int8"],
    ["Int16Array", Int16Array.of(-1), "int16"],
    ["Int32Array", Int32Array.of(-1), "int32"],
    ["BigInt64Array", BigInt64Array.of(-1n), "int64"],
    ["Uint16Array", Uint16Array.of(1), "uint16"],
    ["Uint32Array", Uint32Array.of(1), "uint32"],
    ["BigUint64Array", BigUint64Array.of(1n), "uint64"],
    ["Float32Array", Float32Array.of(0.5), "float32"],
    ["Float64Array", Float64Array.of(0.1), "float64"],
  ] as const)("a %s, as an array of its dtype", (_, array, dtype) => {
    expect(carried(array)).toStrictEqual([new NdArray(dtype, [1], array as never)]);
  });

  test("a view of a part of a buffer, without the rest", () => {
    const whole = Float64Array.of(1, 2, 3, 4);

    expect(carried([whole.subarray(1, 3), Buffer.from("abcdef").subarray(2, 4)])).toStrictEqual([
      [new NdArray("float64", [2], Float64Array.of(2, 3)), Buffer.from("cd")],
    ]);
  });

  test("a tuple, which stays one", () => {
    const [value] = carried(tuple(1, tuple("a"), [2])) as [unknown];

    expect(value).toStrictEqual(tuple(1, tuple("a"), [2]));
    expect(value).toBeInstanceOf(Tuple);
  });

  test("a ref of this session, as its number", () => {
    expect(carried([new TestHandle(7)])).toStrictEqual([[new TestHandle(7)]]);
  });

  test("the value itself is left as it was", () => {
    const inner = [2n ** 70n, -0, "\ud800", 2 ** 40];
    const value = { a: inner, constructor: -0, t: tuple(-0) };

    carried(value);

    expect(value).toStrictEqual({ a: inner, constructor: -0, t: tuple(-0) });
    expect(inner).toStrictEqual([2n ** 70n, -0, "\ud800", 2 ** 40]);
  });
});
