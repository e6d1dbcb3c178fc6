import fc from "fast-check";
import { expect, test } from "vitest";
import { halve } from "../../src/dispatch/halving.js";

class BadRecord extends Error {}

function isBadRecord(error: unknown): boolean {
  return error instanceof BadRecord;
}

const HALVING = { blames: () => true, divides: true };

/** Doubles each record; fails when one of the bad is among them. Notes the batches that it was given. */
function doubling(bad: ReadonlySet<number>) {
  const batches: (readonly number[])[] = [];
  const execute = async (batch: readonly number[]): Promise<number[]> => {
    batches.push(batch);
    const found = batch.find((record) => bad.has(record));
    if (found !== undefined) throw new BadRecord(`${found}`);
    return batch.map((record) => record * 2);
  };
  return { batches, execute };
}

/** A batch of distinct records, and the bad ones among them. */
const batchWithBadOnes = fc.integer({ min: 1, max: 70 }).chain((count) => {
  const records = Array.from({ length: count }, (_, index) => index);
  return fc.tuple(fc.constant(records), fc.subarray(records));
});

test("exactly the bad records fail, the others have their results, in order", async () => {
  await fc.assert(
    fc.asyncProperty(batchWithBadOnes, async ([records, bad]) => {
      const outcomes = await halve(records, doubling(new Set(bad)).execute, HALVING);
      const expected = records.map((record) =>
        bad.includes(record)
          ? { record, ok: false, error: new BadRecord(`${record}`) }
          : { record, ok: true, result: record * 2 },
      );
      expect(outcomes).toEqual(expected);
    }),
  );
});

test("it takes at most 1 + 2·k·log2(n) executions for k bad records in n", async () => {
  await fc.assert(
    fc.asyncProperty(batchWithBadOnes, async ([records, bad]) => {
      const { batches, execute } = doubling(new Set(bad));
      await halve(records, execute, HALVING);
      expect(batches.length).toBeLessThanOrEqual(1 + 2 * bad.length * Math.ceil(Math.log2(records.length)));
    }),
  );
});

test("a batch without bad records is executed once", async () => {
  const { batches, execute } = doubling(new Set());
  await halve([1, 2, 3], execute, HALVING);
  expect(batches).toEqual([[1, 2, 3]]);
});

test("a record that fails alone is not executed again", async () => {
  const { batches, execute } = doubling(new Set([1]));
  await halve([1], execute, HALVING);
  expect(batches).toHaveLength(1);
});

test("records that fail only beside each other are given their results", async () => {
  const execute = async (batch: readonly string[]): Promise<string[]> => {
    if (batch.includes("oil") && batch.includes("water")) throw new Error("they do not mix");
    return [...batch];
  };
  const outcomes = await halve(["oil", "water"], execute, HALVING);
  expect(outcomes).toEqual([
    { record: "oil", ok: true, result: "oil" },
    { record: "water", ok: true, result: "water" },
  ]);
});

test("a failure that no record is blamed for is thrown on, without halving", async () => {
  const { batches, execute } = doubling(new Set([2]));
  await expect(halve([1, 2, 3], execute, { ...HALVING, blames: () => false })).rejects.toThrow(BadRecord);
  expect(batches).toHaveLength(1);
});

test("halving ends at the first failure that no record is blamed for", async () => {
  const batches: (readonly number[])[] = [];
  const gone = new Error("the process is gone");
  const execute = async (batch: readonly number[]): Promise<number[]> => {
    batches.push(batch);
    throw batches.length === 1 ? new BadRecord() : gone;
  };
  await expect(halve([1, 2, 3, 4], execute, { ...HALVING, blames: isBadRecord })).rejects.toBe(gone);
  expect(batches).toEqual([
    [1, 2, 3, 4],
    [1, 2],
  ]);
});

test("the parts are executed one after the other", async () => {
  let running = 0;
  const execute = async (batch: readonly number[]): Promise<number[]> => {
    running += 1;
    expect(running).toBe(1);
    await undefined;
    running -= 1;
    if (batch.length > 1) throw new BadRecord();
    return [...batch];
  };
  const outcomes = await halve([1, 2, 3, 4, 5], execute, { ...HALVING, blames: isBadRecord });
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
});

test("a batch that is not to be divided fails as a whole, with what it failed with", async () => {
  const { batches, execute } = doubling(new Set([2]));
  const outcomes = await halve([1, 2, 3], execute, { ...HALVING, divides: false });
  const error = new BadRecord("2");
  expect(outcomes).toEqual([1, 2, 3].map((record) => ({ record, ok: false, error })));
  expect(batches).toEqual([[1, 2, 3]]);
});

test("a batch that is not to be divided has its results when nothing fails", async () => {
  const { execute } = doubling(new Set());
  const outcomes = await halve([1, 2], execute, { ...HALVING, divides: false });
  expect(outcomes).toEqual([
    { record: 1, ok: true, result: 2 },
    { record: 2, ok: true, result: 4 },
  ]);
});

test("of a batch that is not to be divided, a failure that no record is blamed for is thrown on", async () => {
  const { execute } = doubling(new Set([2]));
  const rules = { blames: () => false, divides: false };
  await expect(halve([1, 2, 3], execute, rules)).rejects.toThrow(BadRecord);
});
