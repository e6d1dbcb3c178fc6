import fc from "fast-check";
import { expect, test } from "vitest";
import { AdaptiveBatches } from "../../../src/dispatch/strategies/adaptive.js";
import type { BatchStrategy } from "../../../src/dispatch/strategy.js";
import { seeded } from "../../soak/random.js";
import { addedIn, batchesIn, drive, type Sample, steps, strategyConformance } from "./driver.js";
import { type Answered, simulate } from "./simulation.js";

const few = { latencyMs: 100, minSize: 1, maxSize: 6 };
const NO_BOUND = 1e9;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

strategyConformance("adaptive batches", () => new AdaptiveBatches(few));

test("the batches put together are the input", () => {
  fc.assert(
    fc.property(steps, (given) => {
      const events = drive(new AdaptiveBatches(few), given);
      expect(batchesIn(events).flat()).toEqual(addedIn(events));
    }),
  );
});

test("a batch never has more records than the size that is chosen or tried, and without a flush that many", () => {
  fc.assert(
    fc.property(steps, (given) => {
      const strategy = new AdaptiveBatches<Sample>(few);
      const watched: BatchStrategy<Sample> = {
        add: (waiting) => strategy.add(waiting),
        completed: (batch, how) => strategy.completed(batch, how),
        next: (when) => {
          const batch = strategy.next(when);
          const { size, trying = size } = strategy.describe();
          expect(trying).toBeLessThanOrEqual(few.maxSize);
          if (when.flush) expect(batch?.length ?? 0).toBeLessThanOrEqual(trying);
          else if (batch !== undefined) expect(batch).toHaveLength(trying);
          return batch;
        },
      };
      drive(watched, given);
    }),
  );
});

/** Time that grows with size, and some that each batch costs whatever its size. */
function linear(size: number): number {
  return 10 + 0.1 * size;
}

/** The part of the batches that took longer. */
function slower(answered: readonly Answered[], ms: number): number {
  return answered.filter(({ durationMs }) => durationMs > ms).length / answered.length;
}

test.each([1, 2, 4])(
  "with %i in flight, it grows until the bound, which hardly a batch exceeds",
  (inFlight) => {
    const latencyMs = 80 * inFlight;
    const { strategy, answered } = simulate({ latencyMs, inFlight, batches: 3_000, cost: linear });
    const { size } = strategy.describe();
    expect(inFlight * linear(size)).toBeLessThanOrEqual(latencyMs);
    expect(inFlight * linear(size * 1.5)).toBeGreaterThan(latencyMs);
    expect(slower(answered, latencyMs)).toBeLessThan(0.02);
  },
);

test.each([1, 2, 4])("with %i in flight and no bound that matters, it grows while that gains", (inFlight) => {
  const { strategy } = simulate({ latencyMs: NO_BOUND, inFlight, batches: 1_000, cost: linear });
  const { size, throughput = 0 } = strategy.describe();
  const gainFrom = (from: number): number => (1.5 * linear(from)) / linear(1.5 * from) - 1;
  expect(gainFrom(size)).toBeLessThan(0.03);
  expect(gainFrom(size / 1.5)).toBeGreaterThan(0.03);
  expect(throughput).toBeCloseTo((1_000 * size) / linear(size), 6);
});

test.each([1, 2])("with %i in flight, it stays before a cliff", (inFlight) => {
  const cliff = (size: number): number => linear(size) * (size > 300 ? 3 : 1);
  const { strategy, answered } = simulate({ latencyMs: NO_BOUND, inFlight, batches: 3_000, cost: cliff });
  const { size } = strategy.describe();
  expect(size).toBeLessThanOrEqual(300);
  expect(size).toBeGreaterThan(300 / 1.5);
  expect(answered.filter((batch) => batch.size > 300).length / answered.length).toBeLessThan(0.02);
});

test.each([1, 2, 4])(
  "with %i in flight, what it measures of a size has nothing of other sizes in it",
  (inFlight) => {
    const { answered } = simulate({ latencyMs: NO_BOUND, inFlight, batches: 400, cost: linear });
    const measured = answered.filter(({ described }) => described.throughput !== undefined);
    for (const { described } of measured)
      expect(described).toMatchObject({
        throughput: expect.closeTo((1_000 * described.size) / linear(described.size)),
        durationMs: expect.closeTo(inFlight * linear(described.size)),
      });
    expect(new Set(measured.map(({ described }) => described.size)).size).toBeGreaterThan(5);
  },
);

test("it goes down where small batches are better", () => {
  const { strategy } = simulate({ latencyMs: NO_BOUND, batches: 500, cost: (size) => 1 + size ** 2 });
  expect(strategy.describe().size).toBe(1);
});

/** Records per second over these batches, one in flight. */
function throughputOf(answered: readonly Answered[]): number {
  const records = answered.reduce((sum, { size }) => sum + size, 0);
  const ms = answered.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return (1_000 * records) / ms;
}

test.each(SEEDS)("durations that vary by 30 %% cost little throughput, whatever they are: %i", (seed) => {
  const random = seeded(seed);
  const noisy = (size: number): number => linear(size) * (0.7 + 0.6 * random.next());
  const { answered } = simulate({ latencyMs: 200, batches: 4_000, cost: noisy });
  const late = answered.slice(2_000);
  // A fifth of the batches of the largest size in question take 18 % longer than it does by half.
  const largest = (200 / 1.18 - 10) / 0.1;
  expect(throughputOf(late)).toBeGreaterThan((0.85 * 1_000 * largest) / linear(largest));
  expect(slower(late, 200)).toBeLessThan(0.2);
});

test("where all sizes are equally good, such durations move it less than once in 100 batches", () => {
  const moves = SEEDS.map((seed) => {
    const random = seeded(seed);
    const noisy = (size: number): number => 0.1 * size * (0.7 + 0.6 * random.next());
    const { answered } = simulate({ latencyMs: NO_BOUND, batches: 4_000, cost: noisy });
    const sizes = answered.map(({ described }) => described.size);
    return sizes.filter((size, n) => n > 0 && size !== sizes[n - 1]).length;
  });
  expect(moves.reduce((sum, each) => sum + each)).toBeLessThan((SEEDS.length * 4_000) / 100);
});

test.each([1, 2])(
  "with %i in flight, it gets below the bound when records cost more, and grows again",
  (inFlight) => {
    const latencyMs = 200 * inFlight;
    const dear = (n: number): boolean => n >= 1_000 && n < 2_000;
    const { answered } = simulate({
      latencyMs,
      inFlight,
      batches: 4_000,
      cost: (size, n) => linear(size) * (dear(n) ? 4 : 1),
    });
    const before = answered[999] as Answered;
    expect(slower(answered.slice(1_050, 2_000), latencyMs)).toBeLessThan(0.02);
    expect(answered[1_500]?.described.size).toBeLessThan(before.described.size);
    expect(answered[2_300]?.described.size).toBe(before.described.size);
  },
);

test("it grows again out of the smallest size", () => {
  const { answered } = simulate({
    latencyMs: 50,
    batches: 1_000,
    cost: (size, n) => (n < 300 ? 60 : linear(size)),
  });
  expect(answered[299]?.size).toBe(1);
  expect(answered[340]?.described.size).toBeGreaterThan(1);
  expect(answered[999]?.described.size).toBeGreaterThan(100);
});

test.each([1, 7])("where no size meets the bound, it stays at the smallest: %i", (minSize) => {
  const { answered } = simulate({ latencyMs: 1, minSize, batches: 500, cost: linear });
  expect(new Set(answered.slice(20).map(({ size }) => size))).toEqual(new Set([minSize]));
});

test("a batch that is far above the bound makes the size smaller at once, in proportion", () => {
  const { answered } = simulate({
    latencyMs: 100,
    batches: 502,
    cost: (size, n) => (n < 500 ? linear(size) : 300),
  });
  const [before, after] = [answered[500], answered[501]] as [Answered, Answered];
  expect(after.size).toBeLessThanOrEqual(before.size / 3);
  expect(after.size).toBeGreaterThan(before.size / 3 / 1.5);
});

test("an accident costs a few batches, not the size", () => {
  const { answered } = simulate({
    latencyMs: 100,
    batches: 600,
    cost: (size, n) => (n === 500 ? 60_000 : linear(size)),
  });
  const before = answered[499] as Answered;
  expect(answered[501]?.size).toBeGreaterThan(before.size / 4 / 1.5);
  expect(answered[599]?.described.size).toBe(before.described.size);
});

test("a neighbour that is far above the bound is tried with a single batch", () => {
  const wall = (size: number): number => (size > 18 ? 10_000 : linear(size));
  const { answered } = simulate({ latencyMs: 100, batches: 60, cost: wall });
  expect(answered.filter(({ size }) => size > 18)).toHaveLength(1);
});

test("stragglers do not move it", () => {
  const straggling = (size: number, n: number): number => linear(size) * (n % 8 === 0 ? 10 : 1);
  const plain = simulate({ latencyMs: NO_BOUND, batches: 1_000, cost: linear });
  const others = simulate({ latencyMs: NO_BOUND, batches: 1_000, cost: straggling });
  expect(others.strategy.describe().size).toBe(plain.strategy.describe().size);
});

test("one batch of eight above the bound does not move it either", () => {
  const straggling = (size: number, n: number): number => (n % 8 === 0 ? 150 : linear(size));
  const plain = simulate({ latencyMs: 100, batches: 1_000, cost: linear });
  const others = simulate({ latencyMs: 100, batches: 1_000, cost: straggling });
  expect(others.strategy.describe().size).toBe(plain.strategy.describe().size);
});

test("batches that were tried again say nothing", () => {
  const { answered } = simulate({
    latencyMs: 100,
    batches: 500,
    cost: (size, n) => (n % 2 === 0 ? 100_000 : linear(size)),
    ok: (n) => n % 2 === 1,
  });
  expect(answered.at(-1)?.described.size).toBeGreaterThan(300);
});

test.each([1, 2, 4])("the first %i batches, sent together, say nothing: they pay for imports", (inFlight) => {
  const { answered } = simulate({
    latencyMs: 100 * inFlight,
    inFlight,
    batches: inFlight + 1,
    cost: (_, n) => (n === 0 ? 60_000 : 20),
  });
  expect(new Set(answered.map(({ size }) => size))).toEqual(new Set([12]));
});

test("a size that cannot be filled is given up", () => {
  const strategy = new AdaptiveBatches<number>({ latencyMs: NO_BOUND, minSize: 1, maxSize: 1_000 });
  let waiting = 0;
  const sizes = Array.from({ length: 300 }, () => {
    for (; waiting < 20; waiting++) strategy.add({ record: 0, bytes: 8, since: 0 });
    const batch = strategy.next({ flush: true }) ?? expect.fail("there is one");
    waiting -= batch.length;
    strategy.completed(batch, { durationMs: linear(batch.length), ok: true });
    return batch.length;
  });
  expect(Math.max(...sizes)).toBe(18);
  expect(strategy.describe()).toEqual({ size: 18, throughput: expect.any(Number), durationMs: linear(18) });
});

test("batches that take no time on the clock are no trouble", () => {
  const { strategy } = simulate({ latencyMs: 1, maxSize: 50, batches: 200, cost: () => 0 });
  expect(strategy.describe().size).toBe(50);
});

test("the same durations make the same sizes", () => {
  const sizes = SEEDS.slice(0, 2).map(() => {
    const random = seeded(9);
    const cost = (size: number): number => linear(size) * (0.7 + 0.6 * random.next());
    return simulate({ latencyMs: 150, batches: 1_000, cost }).answered.map(({ size }) => size);
  });
  expect(sizes[0]).toEqual(sizes[1]);
});

test("it says what it has chosen, what it tries, and what it has measured", () => {
  const described = simulate({ latencyMs: NO_BOUND, batches: 12, cost: linear }).answered.map(
    (each) => each.described,
  );
  const measured = {
    size: 12,
    throughput: expect.closeTo((1_000 * 12) / linear(12)),
    durationMs: expect.closeTo(linear(12)),
  };
  expect(described[0]).toEqual({ size: 12 });
  expect(described[3]).toEqual(measured);
  expect(described[7]).toEqual({ ...measured, trying: 18 });
});

test.each([
  [{ minSize: 40, maxSize: 40 }, 40],
  [{ minSize: 40, maxSize: 400 }, 40],
  [{ minSize: 1, maxSize: 3 }, 3],
  [{ minSize: 1, maxSize: 10_000 }, 12],
])("it begins within its bounds, with a small size: %o", (bounds, size) => {
  expect(new AdaptiveBatches({ latencyMs: 1, ...bounds }).describe()).toEqual({ size });
});
