import fc from "fast-check";
import { expect, test } from "vitest";
import { WeightedBatches } from "../../../src/dispatch/strategies/weighted.js";
import type { Waiting } from "../../../src/dispatch/strategy.js";
import { addedIn, batchesIn, drive, type Event, type Sample, steps, strategyConformance } from "./driver.js";

const weightOf = ({ weight }: Sample): number => weight;

strategyConformance("weighted batches", () => new WeightedBatches({ maxWeight: 20, weightOf }));

const maxWeight = fc.integer({ min: 1, max: 30 });

function weigh(batch: readonly Waiting<Sample>[]): number {
  return batch.reduce((sum, { record }) => sum + record.weight, 0);
}

function driven(given: Parameters<typeof drive>[1], most: number): Event[] {
  return drive(new WeightedBatches({ maxWeight: most, weightOf }), given);
}

test("the batches put together are the input, without the records that have no weight", () => {
  fc.assert(
    fc.property(steps, maxWeight, (given, most) => {
      const events = driven(given, most);
      const weights = given.flatMap((step) => (step.do === "add" ? [step.weight] : []));
      expect(batchesIn(events).flat()).toEqual(addedIn(events));
      expect(addedIn(events).map(({ record }) => record.weight)).toEqual(
        weights.filter((weight) => !Number.isNaN(weight)),
      );
    }),
  );
});

test("no batch of several records is heavier than it may be", () => {
  fc.assert(
    fc.property(steps, maxWeight, (given, most) => {
      const several = batchesIn(driven(given, most)).filter((batch) => batch.length > 1);
      for (const batch of several) expect(weigh(batch)).toBeLessThanOrEqual(most);
    }),
  );
});

test("without a flush, a batch is closed by the next record, which would make it too heavy, or by being full", () => {
  fc.assert(
    fc.property(steps, maxWeight, (given, most) => {
      const events = driven(given, most);
      const added = addedIn(events);
      let arrived = 0;
      let gone = 0;
      for (const event of events) {
        if (event.kind === "added") arrived += 1;
        if (event.kind !== "asked" || event.batch === undefined) continue;
        gone += event.batch.length;
        if (event.flush) continue;
        const weight = weigh(event.batch);
        const next = gone < arrived ? (added[gone]?.record.weight as number) : 0;
        expect(weight >= most || weight + next > most).toBe(true);
      }
    }),
  );
});

test("a batch that weighs as much as it may is full, and so is a record that weighs more", () => {
  const strategy = new WeightedBatches<Sample>({ maxWeight: 3, weightOf });
  for (const weight of [1, 2, 9]) strategy.add({ record: { number: 0, key: 0, weight }, bytes: 8, since: 0 });
  expect(strategy.next({ flush: false })).toHaveLength(2);
  expect(strategy.next({ flush: false })).toHaveLength(1);
});

test("a flush gives a full batch first, then what is left", () => {
  const strategy = new WeightedBatches<Sample>({ maxWeight: 3, weightOf });
  for (const weight of [1, 1, 2, 9, 0])
    strategy.add({ record: { number: 0, key: 0, weight }, bytes: 8, since: 0 });
  const weights = Array.from({ length: 5 }, () =>
    strategy.next({ flush: true })?.map(({ record }) => record.weight),
  );
  expect(weights).toEqual([[1, 1], [2], [9], [0], undefined]);
});

test.each([
  [Number.NaN, "`NaN` (number)"],
  [-1, "`-1` (number)"],
  [Number.POSITIVE_INFINITY, "`Infinity` (number)"],
  ["3", '`"3"` (string)'],
  [3n, "`3` (bigint)"],
  [undefined, "`undefined`"],
])("a weight that is none is refused: %s", (weight, shown) => {
  const strategy = new WeightedBatches({ maxWeight: 3, weightOf: () => weight as number });
  expect(() => strategy.add({ record: 1, bytes: 8, since: 0 })).toThrow(
    new TypeError(`expected weight() to return a finite number from 0, got ${shown}`),
  );
  expect(strategy.next({ flush: true })).toBeUndefined();
});
