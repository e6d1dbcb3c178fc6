import { expect, test } from "vitest";
import { PayloadSizes } from "../../src/stage/payload-sizes.js";

const sizeOf = (payload: unknown): number => new PayloadSizes().of(payload);

test.each([
  ["text", "x".repeat(1_000), 1_000],
  ["a vector", Array.from({ length: 1_000 }, (_, n) => n / 2), 8_000],
  ["a typed array", new Float32Array(1_000), 4_000],
  ["bytes in a field", { name: "a", data: new Uint8Array(5_000) }, 5_000],
  ["many texts", Array.from({ length: 1_000 }, () => "x".repeat(100)), 100_000],
  ["a map of texts", new Map([["a", "x".repeat(1_000)]]), 1_000],
])("%s counts with about what it holds", (_, payload, bytes) => {
  expect(sizeOf(payload)).toBeGreaterThanOrEqual(bytes);
  expect(sizeOf(payload)).toBeLessThan(bytes * 3 + 200);
});

test("a payload that refers to itself in many ways is looked at a few hundred times", () => {
  let reads = 0;
  const payload: { [field: string]: unknown } = {};
  for (let n = 0; n < 20; n += 1) {
    Object.defineProperty(payload, `field${n}`, {
      enumerable: true,
      get: () => {
        reads += 1;
        return payload;
      },
    });
  }
  sizeOf(payload);
  expect(reads).toBeLessThan(20_000);
});

test("what is large, and part of many records, counts once", () => {
  const sizes = new PayloadSizes();
  const table = new Float64Array(100_000);
  expect(sizes.of({ id: 1, table })).toBeGreaterThan(800_000);
  expect(sizes.of({ id: 2, table })).toBeLessThan(200);
});

test("a getter that throws is left to those who send the value", () => {
  const payload = Object.defineProperty({}, "broken", {
    enumerable: true,
    get: () => {
      throw new Error("broken");
    },
  });
  expect(sizeOf(payload)).toBeGreaterThan(0);
});
