import fc from "fast-check";
import { expect, test } from "vitest";
import { Occupancy } from "../../../src/run/explain/occupancy.js";

function occupied(stretches: readonly (readonly [start: number, end: number])[]): Occupancy {
  const occupancy = new Occupancy();
  for (const [start, end] of stretches) occupancy.add(start, end);
  return occupancy;
}

test("what overlaps is one time, and several works", () => {
  const occupancy = occupied([
    [0, 10],
    [5, 12],
    [20, 21],
  ]);
  expect({ any: occupancy.anyMs, sum: occupancy.sumMs }).toEqual({ any: 13, sum: 18 });
});

test("a stretch that fills the gap between two makes them one", () => {
  const occupancy = occupied([
    [0, 10],
    [20, 30],
    [10, 20],
  ]);
  expect(occupancy.anyMs).toBe(30);
});

test("a stretch that has no length, or less, is none", () => {
  const occupancy = occupied([
    [5, 5],
    [7, 3],
  ]);
  expect({ any: occupancy.anyMs, sum: occupancy.sumMs }).toEqual({ any: 0, sum: 0 });
});

test("it is the time in which there was at least one, in whatever order they come", () => {
  const stretch = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 10 }));
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 60 }), (drawn) => {
      const stretches = drawn.map(([start, length]) => [start, start + length] as const);
      const covered = new Set(
        stretches.flatMap(([start, end]) => Array.from({ length: end - start }, (_, index) => start + index)),
      );
      expect(occupied(stretches).anyMs).toBe(covered.size);
    }),
  );
});

test("any number that are apart from each other are counted, and those that overlap by a little once", () => {
  const stretches = Array.from({ length: 10_000 }, (_, index) => [10 * index, 10 * index + 6] as const);
  const twice = stretches.flatMap(([start, end]) => [[start, end] as const, [start + 1, end + 1] as const]);
  expect(occupied(twice).anyMs).toBe(70_000);
});

test("one that comes much too late adds no more than what lies behind those before it", () => {
  const stretches = Array.from({ length: 1_000 }, (_, index) => [10 * index, 10 * index + 6] as const);
  expect(occupied([...stretches, [0, 6]]).anyMs).toBe(6_000);
});
