import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forecast, type ReplicaFacts } from "../../../src/run/explain/replicas.js";

/** One process that worked nearly all the time, with many batches, on a machine of eight cores. */
const busy: ReplicaFacts = {
  processes: 1,
  any: 0.96,
  work: 0.96,
  loop: 0.1,
  cores: 8,
  trips: 10_000,
  inFlight: Number.POSITIVE_INFINITY,
};

/** What is forecast, its time with one decimal. */
function forecastOf(changes: Partial<ReplicaFacts>): unknown {
  const outlook = forecast({ ...busy, ...changes });
  return typeof outlook === "string" ? outlook : [outlook.replicas, outlook.time.toFixed(1)];
}

describe("replicas take less time", () => {
  test("by the share in which Python worked, up to the cores", () => {
    expect(forecastOf({ cores: 4 })).toEqual([4, "0.3"]);
  });

  test("by less where Node needs a part of two cores", () => {
    expect(forecastOf({ cores: 2, loop: 0.3 })).toEqual([2, "0.6"]);
  });

  test("and only as many are named as make a difference", () => {
    expect(forecastOf({ loop: 0.45 })).toEqual([3, "0.5"]);
  });

  test("beyond those that there are", () => {
    expect(forecastOf({ processes: 2, work: 1.9, cores: 4 })).toEqual([4, "0.5"]);
  });

  test("by no more than there may be batches in flight", () => {
    expect(forecastOf({ inFlight: 2 })).toEqual([2, "0.5"]);
  });

  test("no less than the batches can be dealt out", () => {
    expect(forecastOf({ trips: 3, any: 1, work: 1, cores: 2 })).toEqual([2, "0.7"]);
  });
});

describe("they would not help", () => {
  test.each([
    [{ cores: 1 }, "this machine has 1 core"],
    [{ processes: 2, work: 1.9, cores: 2 }, "this machine has 2 cores"],
    [{ loop: 0.93 }, "Node's event loop was busy 93 % of the run"],
    [{ cores: 2, loop: 0.88 }, "Node and Python kept 1.8 of 2 cores busy"],
    [{ trips: 1 }, "there was 1 batch to share"],
    [{ processes: 2, work: 1.9, trips: 2 }, "there were 2 batches to share"],
    [{ inFlight: 1 }, "inFlight.perStage lets 1 batch be in flight"],
    [
      { processes: 7, any: 0.7, work: 4.2, loop: 0.3, trips: 1_000 },
      "Python worked 70 % of the run, and this machine has 8 cores",
    ],
    [{ processes: 11, any: 1, work: 10, cores: 12 }, "this machine has 12 cores"],
    [
      { processes: 11, any: 1, work: 10, cores: 16, inFlight: 12 },
      "inFlight.perStage lets 12 batches be in flight",
    ],
  ])("%o: %s", (changes, reason) => {
    expect(forecastOf(changes)).toBe(`more replicas would not help: ${reason}`);
  });
});

test("a forecast is within its bounds, whatever was measured", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({
        processes: fc.integer({ min: 1, max: 8 }),
        any: share,
        perProcess: share,
        loop: share,
        cores: fc.integer({ min: 1, max: 64 }),
        trips: fc.integer({ min: 1, max: 1_000 }),
        inFlight: fc.oneof(fc.integer({ min: 1, max: 16 }), fc.constant(Number.POSITIVE_INFINITY)),
      }),
      ({ perProcess, ...drawn }) => {
        const facts = { ...drawn, work: Math.max(drawn.any, perProcess * drawn.processes) };
        const outlook = forecast(facts);
        if (typeof outlook === "string") return;
        expect(outlook.replicas).toBeGreaterThan(facts.processes);
        expect(outlook.replicas).toBeLessThanOrEqual(Math.min(facts.cores, facts.inFlight));
        expect(outlook.time).toBeLessThanOrEqual(0.9);
        const least = Math.max(facts.loop, 1 - facts.any, (facts.work + facts.loop) / facts.cores);
        expect(outlook.time).toBeGreaterThanOrEqual(least);
      },
    ),
  );
});
