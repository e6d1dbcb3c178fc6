import fc from "fast-check";
import { expect, test } from "vitest";
import { MicroBatches } from "../../../src/dispatch/strategies/micro-batch.js";
import { addedIn, batchesIn, drive, steps, strategyConformance } from "./driver.js";

strategyConformance("micro-batches", () => new MicroBatches({ maxSize: 4, maxWaitMs: 10 }));

const bounds = fc.record({
  maxSize: fc.integer({ min: 1, max: 9 }),
  maxWaitMs: fc.integer({ min: 1, max: 40 }),
});

test("the batches put together are the input, none longer than it may be", () => {
  fc.assert(
    fc.property(steps, bounds, (given, { maxSize, maxWaitMs }) => {
      const events = drive(new MicroBatches({ maxSize, maxWaitMs }), given);
      expect(batchesIn(events).flat()).toEqual(addedIn(events));
      for (const batch of batchesIn(events)) expect(batch.length).toBeLessThanOrEqual(maxSize);
    }),
  );
});

test("there is a batch exactly when it is full, or the oldest has waited long enough, or with a flush", () => {
  fc.assert(
    fc.property(steps, bounds, (given, { maxSize, maxWaitMs }) => {
      const events = drive(new MicroBatches({ maxSize, maxWaitMs }), given);
      const added = addedIn(events);
      let arrived = 0;
      let gone = 0;
      for (const event of events) {
        if (event.kind === "added") arrived += 1;
        if (event.kind !== "asked") continue;
        const oldest = gone < arrived ? added[gone] : undefined;
        expect(event.dueAt).toBe(oldest && oldest.since + maxWaitMs);
        const isDue = event.dueAt !== undefined && event.now >= event.dueAt;
        const waiting = arrived - gone;
        const expected = waiting >= maxSize ? maxSize : event.flush || isDue ? waiting : 0;
        expect(event.batch?.length ?? 0).toBe(expected);
        gone += expected;
      }
    }),
  );
});

test("records are gathered while no batch may be sent", () => {
  expect(new MicroBatches({ maxSize: 1, maxWaitMs: 1 }).gathersAhead).toBe(true);
});
