import { NdArray, tuple } from "slither-ts";
import { expect, test } from "vitest";
import { packable, packBody } from "../../src/wire/encode.js";
import { unpack } from "../../src/wire/extensions.js";

test.each([
  ["tuples", (index: number) => tuple(index, "text")],
  ["maps", (index: number) => new Map([[index, "text"]])],
  ["arrays", (index: number) => new NdArray("int32", [1, 1], Int32Array.of(index))],
])("the time to read many %s grows with their number alone", (_, make) => {
  const values = Array.from({ length: 40_000 }, (_, index) => make(index));
  const body = packBody(packable(values, "a", "args"), "args");
  const began = performance.now();

  expect(unpack(body)).toHaveLength(values.length);

  // A copy of the whole message for each of them would take more than ten seconds.
  expect(performance.now() - began).toBeLessThan(3_000);
});

test("a body that cannot be read leaves nothing behind for the next one", () => {
  const body = packBody(packable([tuple(tuple(1)), new Map([[1, tuple(2)]])], "a", "args"), "args");

  expect(() => unpack(body.subarray(0, -3))).toThrow();
  expect(unpack(body)).toStrictEqual([tuple(tuple(1)), new Map([[1, tuple(2)]])]);
});

test("bytes and arrays that were read do not keep the message alive", () => {
  const message = packBody(
    packable(
      [Buffer.from("abc"), new NdArray("int8", [1], Int8Array.of(1)), "x".repeat(100_000)],
      "a",
      "args",
    ),
    "args",
  );

  const [bytes, array] = unpack(message) as [Buffer, NdArray];

  expect(bytes.buffer.byteLength).toBeLessThan(message.byteLength);
  expect(array.data.buffer.byteLength).toBe(1);
});
