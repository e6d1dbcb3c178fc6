import { type Dtype, NdArray, type Tuple, tuple, ValueNotSupportedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedSession } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";

const session = sharedSession();

const made = (kind: string, ...args: unknown[]): Promise<unknown> =>
  session().call("made_in_python", kind, args);

test.each<[name: string, value: unknown]>([
  ["none", null],
  ["bool", true],
  ["int", 7],
  ["float of an integer", 1],
  ["negative zero", -0],
  ["nan", Number.NaN],
  ["infinity", -Infinity],
  ["2**53", 2 ** 53],
  ["2**53 + 1", 2n ** 53n + 1n],
  ["-2**53", -(2 ** 53)],
  ["-2**53 - 1", -(2n ** 53n) - 1n],
  ["2**63", 2n ** 63n],
  ["2**64 - 1", 2n ** 64n - 1n],
  ["2**64", 2n ** 64n],
  ["-2**63", -(2n ** 63n)],
  ["-2**63 - 1", -(2n ** 63n) - 1n],
  ["2**1000", 2n ** 1000n],
  ["text", "a\0ü😀"],
  ["lone surrogate", "a\ud800b"],
  ["bytes", Buffer.of(0, 255)],
  ["empty list", []],
  ["empty tuple", tuple()],
  ["empty dict", {}],
  ["nested tuples", [tuple(1, tuple(2.5, tuple("x", tuple())))]],
  [
    "dict of int keys",
    new Map<unknown, unknown>([
      [1, "a"],
      [2, { b: 3 }],
    ]),
  ],
  [
    "dict of mixed keys",
    new Map<unknown, unknown>([
      [true, "bool"],
      [null, "none"],
      [2.5, "float"],
      ["t", "text"],
      [2n ** 70n, "huge"],
    ]),
  ],
  ["dict with a lone surrogate", { "\ud800": 1 }],
  ["tuple in dict in tuple", tuple(new Map([[1, tuple(new Map([[2, tuple("deep")]]))]]))],
])("what Python made as '%s' arrives as that", async (name, value) => {
  expect(await made("value", name)).toStrictEqual(value);
});

test("a dict whose keys mean something to JavaScript arrives with all of them", async () => {
  expect(Object.entries((await made("value", "odd keys")) as object).sort()).toEqual([
    ["", 1],
    ["1", 5],
    ["constructor", 2],
    ["hasOwnProperty", 4],
    ["toJSON", 6],
    ["toString", 3],
  ]);
});

describe("numpy", () => {
  test.each<[Dtype, unknown]>([
    ["bool", Uint8Array.of(0, 1, 1)],
    ["int8", Int8Array.of(0, 1, 1)],
    ["int16", Int16Array.of(0, 1, 1)],
    ["int32", Int32Array.of(0, 1, 1)],
    ["int64", BigInt64Array.of(0n, 1n, 1n)],
    ["uint8", Uint8Array.of(0, 1, 1)],
    ["uint16", Uint16Array.of(0, 1, 1)],
    ["uint32", Uint32Array.of(0, 1, 1)],
    ["uint64", BigUint64Array.of(0n, 1n, 1n)],
    ["float32", Float32Array.of(0, 1, 1)],
    ["float64", Float64Array.of(0, 1, 1)],
  ])("an array of %s arrives with its dtype", async (dtype, data) => {
    expect(await made("of_dtype", dtype)).toStrictEqual(new NdArray(dtype, [3], data as never));
  });

  test.each([
    "C order",
    "Fortran order",
    "big-endian",
    "every second column",
    "backwards twice",
    "read-only",
    "broadcast",
  ])("an array in memory as '%s' arrives in C order", async (layout) => {
    expect(await made("array", layout)).toStrictEqual(
      new NdArray("int32", [2, 3], Int32Array.of(0, 1, 2, 3, 4, 5)),
    );
  });

  test.each<[string, number[]]>([
    ["scalar", []],
    ["empty", [0]],
    ["no columns", [3, 0]],
    ["long", [300]],
    ["many axes", Array.from({ length: 20 }, () => 1)],
  ])("an array of the shape '%s' arrives with its shape", async (name, shape) => {
    const elements = shape.reduce((product, length) => product * length, 1);
    expect(await made("of_shape", name)).toStrictEqual(
      new NdArray("float64", shape, new Float64Array(elements).fill(1)),
    );
  });

  test.each<[string, unknown]>([
    ["bool", true],
    ["int8", 1],
    ["int16", 1],
    ["int32", 1],
    ["int64", 1],
    ["uint8", 1],
    ["uint16", 1],
    ["uint32", 1],
    ["uint64", 1],
    ["float32", 1],
    ["float64", 1],
    ["str", "text"],
    ["bytes", Buffer.of(1)],
    ["uint64 max", 2n ** 64n - 1n],
    ["float16", 0.5],
    ["float64 nan", Number.NaN],
  ])("a scalar of numpy's %s arrives as the value it stands for", async (name, value) => {
    expect(await made("scalar", name)).toStrictEqual([value]);
  });

  test("a dict with numpy scalars as keys arrives with the keys they stand for", async () => {
    expect(await made("keyed_by_scalars")).toStrictEqual(
      new Map<unknown, unknown>([
        [1, "one"],
        ["two", 2],
      ]),
    );
  });
});

test("many small tuples and dicts in one result arrive in time that grows with their number alone", async () => {
  const began = performance.now();

  const result = (await made("many_tuples", 20_000)) as Tuple[];

  expect(result.at(-1)).toStrictEqual(tuple(19_999, new Map([[19_999, tuple(19_999)]])));
  expect(performance.now() - began).toBeLessThan(5_000);
});

test.each<[string, unknown]>([
  ["{'\\ud800': 1}", { "\ud800": 1 }],
  [
    "[{'a': ({'\\ud800': {'\\udfff': 2, '': (3,)}},), 'b': {1: {'\\ud800': None}}}]",
    [{ a: tuple({ "\ud800": { "\udfff": 2, "": tuple(3) } }), b: new Map([[1, { "\ud800": null }]]) }],
  ],
])("a dict with text keys is a plain object also where one is a lone surrogate: %s", async (made, value) => {
  expect(await session().call("builtins", "eval", [made])).toStrictEqual(value);
});

test("a dict with other keys is a Map also where one is a lone surrogate", async () => {
  const made = "{'\\ud800': 1, 2: 3}";
  expect(await session().call("builtins", "eval", [made])).toStrictEqual(
    new Map<unknown, unknown>([
      ["\ud800", 1],
      [2, 3],
    ]),
  );
});

test("a result of 200 levels arrives, and one of 201 is refused", async () => {
  let value: unknown = await made("nested_tuples", 200);
  let levels = 1;
  for (; (value as Tuple).length > 0; levels++) [value] = value as Tuple;
  expect(levels).toBe(200);

  const error = await rejection(made("nested_tuples", 201), ValueNotSupportedError);
  expect(error.message).toMatch(
    /got tuple \(it is nested deeper than 200 levels; give back a flatter value\)/,
  );
});

describe("a result that cannot be carried", () => {
  test.each([
    ["set", "convert it with sorted(...) or list(...)"],
    ["frozenset", "convert it with sorted(...) or list(...)"],
    ["datetime.datetime", "convert it with value.isoformat()"],
    ["datetime.date", "convert it with value.isoformat()"],
    ["decimal.Decimal", "convert it with float(value), or str(value) to keep every digit"],
    ["uuid.UUID", "convert it with str(value)"],
    ["complex", "send value.real and value.imag"],
    ["object", "use session.create(...) to keep it in Python and get a ref"],
    ["bytearray", "convert it with bytes(value)"],
    ["range", "convert it with list(...)"],
    ["not_carried.Colour", "send value.value"],
    ["not_carried.Point", "convert it with dataclasses.asdict(value)"],
    ["not_carried.Dictionary", "convert it with dict(value)"],
    ["collections.OrderedDict", "convert it with dict(value)"],
    ["numpy.ndarray[complex128]", "send value.real and value.imag"],
    ["numpy.ndarray[object]", "convert it with value.tolist()"],
    ["numpy.ndarray[float16]", "convert it with value.astype('float32') or value.astype('float64')"],
    ["numpy.complex128", "send value.real and value.imag"],
    ["numpy.ma.MaskedArray", "convert it with value.filled(...)"],
  ])("%s is refused by its place and type, with a hint", async (name, hint) => {
    const error = await rejection(session().call("not_carried", "result", [name]), ValueNotSupportedError);

    expect(error.message).toBe(
      `session shared: not_carried.result: expected result.results[1].score to be a value that can be sent to JavaScript, got ${name} (${hint})`,
    );
    expect(error).toMatchObject({
      path: "result.results[1].score",
      typeName: name,
      direction: "result",
    });
  });

  test.each([
    ["cyclic", "list", "result[0]"],
    ["proto_key", "dict", "result.a"],
    ["tuple_key", "dict", "result.a"],
  ])("%s is refused, too", async (name, typeName, path) => {
    const error = await rejection(session().call("not_carried", name), ValueNotSupportedError);

    expect(error).toMatchObject({ typeName, path });
  });

  test("fails its own call alone", async () => {
    const calls = [
      session().call("echo", "echo", [1]),
      session().call("not_carried", "result", ["set"]),
      session().call("echo", "echo", [2]),
    ];

    const outcomes = await Promise.allSettled(calls);

    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});

describe("an argument that cannot be made in Python", () => {
  test("is refused when two keys of a map are the same key in Python", async () => {
    const map = new Map<unknown, unknown>([
      [1, "a"],
      [true, "b"],
    ]);

    const error = await rejection(session().call("echo", "echo", [map]), ValueNotSupportedError);

    expect(error.direction).toBe("argument");
    expect(error.message).toMatch(/1, 1n and true are the same key in Python/);
  });
});
