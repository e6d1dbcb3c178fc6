import { type PythonStageOptions, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { fusionOf } from "../../src/plan/fusion.js";

type Columns = PythonStageOptions["columns"];

function reasonFor(first: Columns, second: Columns): string | undefined {
  const { plan } = pipe<object>("p")
    .python<object>("first", { module: "m", function: "f", columns: first })
    .python<object>("second", { module: "m", function: "g", columns: second });
  return fusionOf(plan).reasons.get(1);
}

test.each<[Columns, Columns, string | undefined]>([
  [true, true, undefined],
  [{ a: "int32" }, true, undefined],
  [false, undefined, undefined],
  [true, false, "one of first and second takes columns, the other rows"],
  [undefined, true, "one of first and second takes columns, the other rows"],
  [true, { a: "int32" }, "what its columns are is checked in Node (`columns`)"],
])("stages with columns %j and %j are fused, or not: %s", (first, second, reason) => {
  expect(reasonFor(first, second)).toBe(reason);
});
