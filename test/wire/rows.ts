import fc from "fast-check";
import { keys, scalars, values } from "./values.js";

/** So many rows that are alike travel in columns. */
export const ENOUGH = 16;

/** Rows by their places. */
export function many<Row>(row: (index: number) => Row, count = ENOUGH): Row[] {
  return Array.from({ length: count }, (_, index) => row(index));
}

/** What all rows have under one key: values of a kind, or objects that are alike. */
type Field = "scalars" | "values" | "mixed numbers" | { readonly [key: string]: Field };

const fields: fc.Arbitrary<{ readonly [key: string]: Field }> = fc
  .letrec<{ field: Field }>((tie) => ({
    field: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom<Field>("scalars", "values", "mixed numbers"),
      fc.dictionary(keys, tie("field"), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  .field.filter((field) => typeof field === "object");

const KINDS = {
  scalars,
  values,
  "mixed numbers": fc.constantFrom(
    0,
    -0,
    1,
    1.5,
    2 ** 32,
    2 ** 53,
    2n ** 53n,
    2n ** 70n,
    Number.NaN,
    true,
    null,
  ),
} as const;

function anyOf(field: Field): fc.Arbitrary<unknown> {
  if (typeof field === "string") return KINDS[field];
  const entries = Object.entries(field).map(([key, inner]) => anyOf(inner).map((value) => [key, value]));
  return fc.tuple(...entries).map((each) => Object.fromEntries(each));
}

/** About as many rows as travel in columns, of few kinds. */
function manyOf(rows: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> {
  return fc
    .tuple(fc.array(rows, { minLength: 1, maxLength: 4 }), fc.integer({ min: ENOUGH - 2, max: ENOUGH + 2 }))
    .map(([kinds, count]) => many((index) => kinds[index % kinds.length], count));
}

/** Rows that all have the same keys, in the same order. */
export const evenRows = fields.chain((field) => manyOf(anyOf(field)));

/** Rows of which some may be alike. */
export const oddRows = manyOf(
  fc.oneof(values, fc.dictionary(fc.constantFrom("a", "b"), scalars, { noNullPrototype: true })),
);
