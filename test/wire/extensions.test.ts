import { NdArray, tuple } from "slither-ts";
import { expect, test } from "vitest";
import { packable, packBody } from "../../src/wire/encode.js";
import { packr, TaggedTuple, unpack } from "../../src/wire/extensions.js";

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

test("a value that was read stays as it is when the next is read", () => {
  const body = packBody(packable([tuple(tuple(1)), new Map([[1, tuple(2)]])], "a", "args"), "args");

  const first = unpack(body);
  unpack(body);

  expect(first).toStrictEqual([tuple(tuple(1)), new Map([[1, tuple(2)]])]);
});

test("a body with a part that cannot be read leaves nothing behind for the next one", () => {
  const broken = packr.pack([new TaggedTuple(Buffer.of(0xc1)), new TaggedTuple(packr.pack([1]))]);

  expect(() => unpack(broken)).toThrow();

  expect(unpack(packr.pack([1]))).toEqual([1]);
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
