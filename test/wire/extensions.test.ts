import { NdArray, tuple } from "slither-ts";
import { expect, test } from "vitest";
import { packable, packBody } from "../../src/wire/encode.js";
import { packr, TaggedTuple, unpack } from "../../src/wire/extensions.js";

test.each([
  ["tuples", (index: number) => tuple(index, "text")],
  ["maps", (index: number) => new Map([[index, "text"]])],
  ["arrays", (index: number) => new NdArray("int32", [1, 1], Int32Array.of(index))],
])("the time to read many %s grows with their number alone", (_, make) => {
  // As long, both of them: what else the machine does counts for the one as for the other.
  const inParts = timeToRead(2_000, 20, make);
  const atOnce = timeToRead(40_000, 1, make);

  // With a copy of the whole message for each of them it would be twenty times as much.
  expect(atOnce / inParts).toBeLessThan(8);
});

/** Milliseconds to read a message with so many values so often, the best of some. */
function timeToRead(count: number, often: number, make: (index: number) => unknown): number {
  const values = Array.from({ length: count }, (_, index) => make(index));
  const body = packBody(packable(values, "a", "args"), "args");
  const times = Array.from({ length: 3 }, () => {
    const began = performance.now();
    for (let time = 0; time < often; time++) expect(unpack(body)).toHaveLength(count);
    return performance.now() - began;
  });
  return Math.min(...times);
}

test("an object of which a key is a lone surrogate is read as it was, and a map of text as a map", () => {
  const object = { "\ud800": { b: [{ "\udfff": 1 }] }, a: 2 };
  const map = new Map([["a", 1]]);

  expect(unpack(packBody(packable([object, map], "a", "args"), "args"))).toStrictEqual([object, map]);
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
