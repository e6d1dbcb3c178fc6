import fc from "fast-check";
import { type KeyPart, NdArray, type TableKey, tuple } from "slither-ts";

/** Values of every kind that can be kept, nested; and keys that text or bytes could mistake for each other. */

const EDGES = [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 2n ** 200n];

const bigints = fc
  .tuple(fc.constantFrom(...EDGES), fc.bigInt({ min: -3n, max: 3n }), fc.boolean())
  .map(([edge, offset, negative]) => (negative ? -(edge + offset) : edge + offset));

const codeUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 })
  .map((units) => String.fromCharCode(...units));

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  codeUnits,
  fc.constantFrom("", "\0", "a\ud800", "__proto__", "constructor", "toJSON", "0"),
);

const numbers = fc.oneof(
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
);

const bytes = fc.uint8Array({ maxLength: 9 });

const views: fc.Arbitrary<unknown> = fc.oneof(
  bytes,
  bytes.map((array) => Buffer.from(array)),
  // In the middle of a buffer, at a place where larger elements may not begin.
  bytes.map((array) => Uint8Array.of(7, ...array, 7).subarray(1, -1)),
  fc.int8Array({ maxLength: 4 }),
  fc.uint8ClampedArray({ maxLength: 4 }),
  fc.int16Array({ maxLength: 4 }),
  fc.uint16Array({ maxLength: 4 }),
  fc.int32Array({ maxLength: 4 }),
  fc.uint32Array({ maxLength: 4 }),
  fc.float32Array({ maxLength: 4 }),
  fc.float64Array({ maxLength: 4 }),
  fc.bigInt64Array({ maxLength: 4 }),
  fc.bigUint64Array({ maxLength: 4 }),
  fc.float64Array({ minLength: 6, maxLength: 6 }).map((data) => new NdArray("float64", [2, 3], data)),
  fc.uint8Array({ max: 1, minLength: 2, maxLength: 2 }).map((data) => new NdArray("bool", [2], data)),
);

const scalars: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  numbers,
  bigints,
  texts,
  fc.date({ noInvalidDate: true }),
);

export const values: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => {
  const value = tie("value");
  const entries = fc.array(fc.tuple(texts, value), { maxLength: 4 });
  return {
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      scalars,
      views,
      fc.array(value, { maxLength: 4 }),
      entries.map((each) => Object.fromEntries(each)),
      entries.map((each) => Object.assign(Object.create(null), Object.fromEntries(each))),
      fc.array(fc.tuple(value, value), { maxLength: 3 }).map((each) => new Map(each)),
      fc.array(value, { maxLength: 3 }).map((each) => new Set(each)),
      fc.array(value, { maxLength: 3 }).map((each) => tuple(...each)),
    ),
  };
}).value;

const parts: fc.Arbitrary<KeyPart> = fc.oneof(
  numbers,
  fc.constantFrom<KeyPart>(0, 1, 0n, 1n, true, false, "", "0", "1", "1n", "true", "[1]", "\0", "\ud800"),
  bigints,
  texts,
);

export const keys: fc.Arbitrary<TableKey> = fc.oneof(parts, fc.array(parts, { maxLength: 3 }));

/** Whether two keys are one: scalars as in a Map, arrays part by part. */
export function same(a: TableKey, b: TableKey): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => new Set<KeyPart>([each]).has(b[index]));
  return !Array.isArray(a) && !Array.isArray(b) && new Set<TableKey>([a]).has(b);
}
