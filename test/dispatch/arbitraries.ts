import fc from "fast-check";
import type { Fault } from "../../src/dispatch/judge.js";

/** What a record may do to its batch. */
export type Bad = Exclude<Fault, "everyone">;

export const badRecords = fc
  .uniqueArray(fc.tuple(fc.nat(69), fc.constantFrom<Bad>("records", "process", "time")), {
    selector: ([record]) => record,
    maxLength: 6,
  })
  .map((pairs) => new Map(pairs));

export function cycle<Value>(values: readonly Value[], position: number): Value {
  return values[position % values.length] as Value;
}
