import { store, table } from "slither-ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** What the machine tells: the time of day in milliseconds since 1970, and a steady clock that stands still while it is suspended. */
const machine = { timeOfDay: 0, steady: 0 };

let wallClock: typeof import("../../src/stores/wall-clock.js").wallClock;

beforeEach(async () => {
  machine.steady = 1_000;
  machine.timeOfDay = performance.timeOrigin + machine.steady;
  vi.spyOn(Date, "now").mockImplementation(() => machine.timeOfDay);
  vi.spyOn(performance, "now").mockImplementation(() => machine.steady);
  vi.resetModules();
  ({ wallClock } = await import("../../src/stores/wall-clock.js"));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** How far the clock goes on over what happens to the machine. */
function passed(happens: () => void): number {
  const before = wallClock.now();
  happens();
  return wallClock.now() - before;
}

function pass(ms: number): void {
  machine.timeOfDay += ms;
  machine.steady += ms;
}

test("the clock goes on while the machine is suspended", () => {
  expect(passed(() => pass(10))).toBeCloseTo(10, 1);
  expect(
    passed(() => {
      machine.timeOfDay += 3_600_000;
    }),
  ).toBeCloseTo(3_600_000, 1);
  expect(passed(() => pass(10))).toBeCloseTo(10, 1);
});

test("the clock never goes back, and goes on as before when the time of day is set back", () => {
  expect(
    passed(() => {
      machine.timeOfDay -= 3_600_000;
    }),
  ).toBeCloseTo(0, 1);
  expect(passed(() => pass(500))).toBeCloseTo(500, 1);
  expect(passed(() => pass(3_600_000))).toBeCloseTo(3_600_000, 1);
});

test("a time of day that is set back between two looks takes nothing from the time that went by", () => {
  expect(
    passed(() => {
      pass(60_000);
      machine.timeOfDay -= 30_000;
    }),
  ).toBeCloseTo(60_000, 1);
});

test("steps of the time of day within a second do not let the clock run faster", () => {
  wallClock.now();
  const seesaw = (): void => {
    for (let step = 0; step < 100; step += 1) {
      machine.timeOfDay += step % 2 === 0 ? -500 : 500;
      wallClock.now();
    }
  };
  expect(passed(seesaw)).toBeCloseTo(0, 1);
});

test("the clock tells the time of day, so that ages go on over a restart", () => {
  machine.timeOfDay += 5;
  expect(wallClock.now()).toBeCloseTo(machine.timeOfDay, 1);
});

test("a value expires although the machine was suspended, and the time of day was set back before", async () => {
  const { tried } = store("tried", { tried: table<string, number>({ ttl: "1m" }) }, { clock: wallClock });
  await tried.put("a", 1);
  machine.timeOfDay -= 7_200_000;
  pass(59_990);
  expect(tried.get("a")).toBe(1);
  pass(20);
  expect(tried.get("a")).toBeUndefined();
  await tried.put("b", 1);
  machine.timeOfDay += 60_010;
  expect(tried.get("b")).toBeUndefined();
});
