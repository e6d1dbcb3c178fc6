import fc from "fast-check";
import type { KeyPart, TableKey } from "slither-ts";

// Few values, so that keys meet; with those that text could mistake for each other, or for an array.
const part: fc.Arbitrary<KeyPart> = fc.oneof(
  fc.constantFrom<KeyPart>(0, -0, 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.constantFrom<KeyPart>(0n, 1n, 2n ** 53n + 1n, 2 ** 53, true, false),
  fc.constantFrom<KeyPart>(
    "",
    "0",
    "1",
    "NaN",
    "true",
    "1n",
    "[1]",
    '["1"]',
    "null",
    ",",
    "\u0000",
    "\u0000[1]",
  ),
  fc.constantFrom<KeyPart>("\ud800", "\\ud800", '{"bigint":"1"}', "\u0000\u0000[1]"),
  fc.string({ maxLength: 2 }),
);

export const parts: fc.Arbitrary<KeyPart[]> = fc.array(part, { maxLength: 3 });

export const keys: fc.Arbitrary<TableKey> = fc.oneof(part, parts);

/** Whether two keys are one: scalars as in a Map, arrays part by part. Says it in another way than the table does. */
export function same(a: TableKey, b: TableKey): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => new Set<KeyPart>([each]).has(b[index]));
  }
  return !Array.isArray(a) && !Array.isArray(b) && new Set<TableKey>([a]).has(b);
}
