import { NdArray, OptionsError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { thrown } from "../helpers/rejection.js";

describe("toArray", () => {
  test("gives nested arrays, the last axis innermost", () => {
    const array = new NdArray("int16", [2, 1, 3], Int16Array.of(1, 2, 3, 4, 5, 6));

    expect(array.toArray()).toEqual([[[1, 2, 3]], [[4, 5, 6]]]);
  });

  test("gives booleans for bool, and bigints for 64-bit integers", () => {
    expect(new NdArray("bool", [2], Uint8Array.of(0, 1)).toArray()).toEqual([false, true]);
    expect(new NdArray("uint64", [1], BigUint64Array.of(2n ** 64n - 1n)).toArray()).toEqual([2n ** 64n - 1n]);
  });

  test("gives the element of an array without axes", () => {
    expect(new NdArray("float32", [], Float32Array.of(0.5)).toArray()).toBe(0.5);
  });

  test("gives as many empty arrays as there are rows without columns", () => {
    expect(new NdArray("int8", [2, 0], new Int8Array()).toArray()).toEqual([[], []]);
    expect(new NdArray("int8", [0, 2], new Int8Array()).toArray()).toEqual([]);
  });
});

describe("the constructor refuses", () => {
  test.each([
    [
      "too few elements",
      ["float64", [2, 3], new Float64Array(5)],
      "expected `data` to be a Float64Array with 6 elements (shape 2x3), got a Float64Array with 5",
    ],
    [
      "another kind of elements",
      ["float64", [1], new Float32Array(1)],
      "expected `data` to be a Float64Array with 1 elements (shape 1), got a Float32Array with 1",
    ],
    [
      "a plain array",
      ["int8", [1], [1]],
      "expected `data` to be a Int8Array with 1 elements (shape 1), got an array of 1",
    ],
    [
      "no elements at all",
      ["int8", [], null],
      "expected `data` to be a Int8Array with 1 elements (shape ()), got `null`",
    ],
    [
      "a length below 0",
      ["int8", [-1, -1], new Int8Array(1)],
      "expected `shape` to be an array of lengths, got [-1, -1]",
    ],
    [
      "half an element",
      ["int8", [0.5, 2], new Int8Array(1)],
      "expected `shape` to be an array of lengths, got [0.5, 2]",
    ],
    [
      "a number as shape",
      ["int8", 1, new Int8Array(1)],
      "expected `shape` to be an array of lengths, got `1` (number)",
    ],
    [
      "a dtype that does not exist",
      ["int7", [1], new Int8Array(1)],
      'expected `dtype` to be one of bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, got `"int7"` (string)',
    ],
  ])("%s", (_, parameters, problem) => {
    const error = thrown(() => new NdArray(...(parameters as [never, never, never])), OptionsError);

    expect(error.message).toBe(`new NdArray(): ${problem}`);
  });
});

test("an array keeps the shape that it was made with", () => {
  const shape = [1, 2];
  const array = new NdArray("int8", shape, Int8Array.of(1, 2));
  shape[0] = 9;
  expect(array.shape).toEqual([1, 2]);
  expect(Object.isFrozen(array.shape)).toBe(true);
});
