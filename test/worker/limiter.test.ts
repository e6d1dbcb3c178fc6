import { setImmediate as nextRound } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Limiter } from "../../src/worker/limiter.js";

test("all work is done, in the order in which it came, and never more at once than the limit, also when some fails", async () => {
  const works = fc.array(fc.record({ rounds: fc.nat(3), fails: fc.boolean() }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), works, async (limit, all) => {
      const limiter = new Limiter(limit);
      const started: number[] = [];
      let running = 0;
      let most = 0;

      const outcomes = await Promise.allSettled(
        all.map(({ rounds, fails }, index) =>
          limiter.run(async () => {
            started.push(index);
            running += 1;
            most = Math.max(most, running);
            for (let round = 0; round < rounds; round++) await nextRound();
            running -= 1;
            if (fails) throw new Error(`${index}`);
          }),
        ),
      );

      expect(started).toEqual(all.map((_, index) => index));
      expect(most).toBeLessThanOrEqual(limit);
      expect(outcomes.map(({ status }) => status === "rejected")).toEqual(all.map(({ fails }) => fails));
    }),
  );
});

test("a place that is given back is there for work that comes later", async () => {
  const limiter = new Limiter(1);
  await limiter.run(async () => {});

  expect(await limiter.run(async () => "later")).toBe("later");
});
