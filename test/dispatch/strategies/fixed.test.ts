import fc from "fast-check";
import { expect, test } from "vitest";
import { FixedBatches } from "../../../src/dispatch/strategies/fixed.js";
import { addedIn, askedIn, batchesIn, drive, type Sample, steps, strategyConformance } from "./driver.js";

strategyConformance("fixed batches", () => new FixedBatches(3));

const size = fc.integer({ min: 1, max: 20 });

test("the batches put together are the input, whatever the sizes", () => {
  fc.assert(
    fc.property(steps, size, (given, most) => {
      const events = drive(new FixedBatches(most), given);
      expect(batchesIn(events).flat()).toEqual(addedIn(events));
    }),
  );
});

test("every batch is full but what a flush gives, and that is smaller only where no full one waits", () => {
  fc.assert(
    fc.property(steps, size, (given, most) => {
      const events = drive(new FixedBatches(most), given);
      let waiting = 0;
      for (const event of events) {
        if (event.kind === "added") waiting += 1;
        if (event.kind !== "asked") continue;
        const expected = waiting >= most ? most : event.flush ? waiting : 0;
        expect(event.batch?.length ?? 0).toBe(expected);
        waiting -= expected;
      }
    }),
  );
});

test("`oldest` is the record that comes out next", () => {
  fc.assert(
    fc.property(steps, size, (given, most) => {
      const strategy = new FixedBatches<Sample>(most);
      const oldest: unknown[] = [];
      const watched = {
        add: strategy.add.bind(strategy),
        next: (when: { readonly now: number; readonly flush: boolean }) => {
          oldest.push(strategy.oldest);
          return strategy.next(when);
        },
      };
      const asked = askedIn(drive(watched, given));
      for (const [index, { batch, flush }] of asked.entries())
        if (batch !== undefined || flush) expect(oldest[index]).toBe(batch?.[0]);
    }),
  );
});
