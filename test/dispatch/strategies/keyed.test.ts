import fc from "fast-check";
import { expect, test } from "vitest";
import { type BatchKey, KeyedBatches } from "../../../src/dispatch/strategies/keyed.js";
import type { Waiting } from "../../../src/dispatch/strategy.js";
import { addedIn, batchesIn, drive, type Event, type Sample, steps, strategyConformance } from "./driver.js";

const keyOf = ({ key }: Sample): number => key;

strategyConformance("keyed batches", () => new KeyedBatches({ keyOf, size: 3 }));

const size = fc.integer({ min: 1, max: 5 });

test("a batch has one key, and at most so many records", () => {
  fc.assert(
    fc.property(steps, size, (given, most) => {
      for (const batch of batchesIn(drive(new KeyedBatches({ keyOf, size: most }), given))) {
        expect(new Set(batch.map(({ record }) => record.key)).size).toBe(1);
        expect(batch.length).toBeLessThanOrEqual(most);
      }
    }),
  );
});

test("the records of a key come out in the order of the input", () => {
  fc.assert(
    fc.property(steps, size, (given, most) => {
      const events = drive(new KeyedBatches({ keyOf, size: most }), given);
      for (const key of [0, 1, 2, 3]) {
        const ofKey = (all: readonly Waiting<Sample>[]) => all.filter(({ record }) => record.key === key);
        const out = ofKey(batchesIn(events).flat());
        expect(ofKey(addedIn(events)).map((waiting) => out.indexOf(waiting))).toEqual(out.map((_, n) => n));
      }
    }),
  );
});

/** What `next` has to give, found by looking at everything that waits. */
function expectedOf(
  waiting: readonly Waiting<Sample>[],
  busy: ReadonlySet<number>,
  most: number,
  flush: boolean,
) {
  // In the order in which the keys came first: a Set keeps it.
  const free = [...new Set(waiting.map(({ record }) => record.key))].filter((key) => !busy.has(key));
  const batches = free.map((key) => waiting.filter(({ record }) => record.key === key).slice(0, most));
  return batches.find((batch) => batch.length === most) ?? (flush ? batches[0] : undefined);
}

function checkChoices(events: readonly Event[], most: number): void {
  let waiting: Waiting<Sample>[] = [];
  const busy = new Set<number>();
  for (const event of events) {
    if (event.kind === "added") waiting.push(event.waiting);
    else if (event.kind === "completed") busy.delete(event.batch[0]?.record.key as number);
    else if (event.kind === "asked") {
      const expected = expectedOf(waiting, busy, most, event.flush);
      expect(event.batch).toEqual(expected);
      if (expected === undefined) continue;
      busy.add(expected[0]?.record.key as number);
      waiting = waiting.filter((each) => !expected.includes(each));
    }
  }
}

test("a full batch goes first, the oldest of them; with a flush the oldest of all; never one whose key is in flight", () => {
  fc.assert(
    fc.property(steps, size, (given, most) => {
      checkChoices(drive(new KeyedBatches({ keyOf, size: most }), given), most);
    }),
    { numRuns: 500 },
  );
});

function added(strategy: KeyedBatches<unknown>, records: readonly unknown[]): void {
  for (const record of records) strategy.add({ record, bytes: 8, since: 0 });
}

test("a key is forgotten once nothing of it waits or is in flight", () => {
  const strategy = new KeyedBatches<unknown>({ keyOf: (record) => record as BatchKey, size: 2 });
  added(strategy, [1, 1, 1, 2]);
  const first = strategy.next({ flush: true }) ?? expect.fail("there is one");
  const second = strategy.next({ flush: true }) ?? expect.fail("there is one");
  expect(strategy.describe()).toEqual({ keys: 2 });
  strategy.completed(second);
  expect(strategy.describe()).toEqual({ keys: 1 });
  strategy.completed(first);
  expect(strategy.describe()).toEqual({ keys: 1 });
  strategy.completed(strategy.next({ flush: true }) ?? expect.fail("there is one"));
  expect(strategy.describe()).toEqual({ keys: 0 });
});

test("keys are told apart by value and type", () => {
  const strategy = new KeyedBatches<unknown>({ keyOf: (record) => record as BatchKey, size: 9 });
  added(strategy, [1, "1", 1n, true, "true", Number.NaN, 1, "1", 1n, true, "true", Number.NaN]);
  const batches = Array.from({ length: 7 }, () =>
    strategy.next({ flush: true })?.map(({ record }) => record),
  );
  expect(batches).toEqual([
    [1, 1],
    ["1", "1"],
    [1n, 1n],
    [true, true],
    ["true", "true"],
    [Number.NaN, Number.NaN],
    undefined,
  ]);
});

test.each([
  [undefined, "`undefined`"],
  [null, "`null`"],
  [{}, "an object (Object)"],
  [Symbol("key"), "`Symbol(key)` (symbol)"],
])("a key that is none is refused: %s", (key, shown) => {
  const strategy = new KeyedBatches<unknown>({ keyOf: () => key as BatchKey, size: 1 });
  expect(() => added(strategy, [1])).toThrow(
    new TypeError(`expected key() to return text, a number, a boolean or a bigint, got ${shown}`),
  );
  expect(strategy.next({ flush: true })).toBeUndefined();
});

test("a key that has changed meanwhile is freed all the same", () => {
  const record = { key: "a" };
  const strategy = new KeyedBatches<{ key: string }>({ keyOf: ({ key }) => key, size: 1 });
  strategy.add({ record, bytes: 8, since: 0 });
  strategy.add({ record: { key: "a" }, bytes: 8, since: 0 });
  const batch = strategy.next({ flush: true }) ?? expect.fail("there is one");
  record.key = "b";
  strategy.completed(batch);
  expect(strategy.next({ flush: true })).toHaveLength(1);
});
