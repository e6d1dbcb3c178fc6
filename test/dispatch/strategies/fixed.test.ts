import fc from "fast-check";
import { expect, test } from "vitest";
import { FixedBatches } from "../../../src/dispatch/strategies/fixed.js";

function batchesOf(records: readonly number[], batchSize: number): number[][] {
  const strategy = new FixedBatches<number>(batchSize);
  const complete = records.map((record) => strategy.add(record));
  return [...complete, strategy.flush()].filter((batch) => batch !== undefined);
}

test("the batches put together are the input, whatever the sizes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (records, size) => {
        expect(batchesOf(records, size).flat()).toEqual(records);
      },
    ),
  );
});

test("every batch but the last is full, and the last is not empty", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (records, size) => {
        const batches = batchesOf(records, size);
        for (const batch of batches.slice(0, -1)) expect(batch).toHaveLength(size);
        const rest = records.length % size;
        expect(batches.at(-1)?.length).toBe(records.length === 0 ? undefined : rest || size);
      },
    ),
  );
});

test("`held` is the records that are in no batch yet, in order", () => {
  const strategy = new FixedBatches<string>(3);
  const held = ["a", "b", "c", "d"].map((record) => {
    strategy.add(record);
    return [...strategy.held];
  });
  expect(held).toEqual([["a"], ["a", "b"], [], ["d"]]);
  strategy.flush();
  expect(strategy.held).toEqual([]);
});

test("there is nothing to flush when nothing is left", () => {
  const strategy = new FixedBatches<string>(1);
  strategy.add("a");
  expect(strategy.flush()).toBeUndefined();
});
