// Checked by tsc alone: an error that is expected and does not come is an error itself.
import { type ColumnOf, columnsOf, type NdArray, pipe, type Session } from "slither-ts";
import { expectTypeOf } from "vitest";

interface Scored {
  readonly id: bigint;
  readonly score: number;
  readonly large: boolean;
  readonly note: string | null;
  readonly vector: NdArray<"float32">;
}

declare const session: Session;

const scoring = pipe<{ amount: number }>("p").python<Scored>("score", {
  module: "m",
  function: "f",
  columns: true,
});

for await (const items of scoring.run([{ amount: 1 }], { session }).batches()) {
  const { id, score, large, note, vector } = columnsOf(items);
  expectTypeOf(score).toEqualTypeOf<ColumnOf<number>>();
  expectTypeOf<Float64Array>().toExtend<typeof score>();
  expectTypeOf<BigInt64Array>().toExtend<typeof id>();
  expectTypeOf(large).toEqualTypeOf<Uint8Array | readonly boolean[]>();
  expectTypeOf(note).toEqualTypeOf<readonly (string | null)[]>();
  expectTypeOf(vector).toEqualTypeOf<NdArray | readonly NdArray<"float32">[]>();
  // @ts-expect-error: the payload has no such field.
  columnsOf(items).missing;
  // @ts-expect-error: columns of numbers are not columns of text.
  score satisfies readonly string[];
}

// Columns may be declared, with the dtypes that there are.
pipe<{ n: number }>("p").python("s", { module: "m", function: "f", columns: { n: "int32", any: "object" } });
// @ts-expect-error: there is no such dtype.
pipe<{ n: number }>("p").python("s", { module: "m", function: "f", columns: { n: "float16" } });
