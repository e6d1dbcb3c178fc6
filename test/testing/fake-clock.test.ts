import { OptionsError, pipe, retry } from "slither-ts";
import { fakeClock, inline, raise, recordEvents } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { rejection } from "../helpers/rejection.js";

const never = new AbortController().signal;

test("the time stands still until it is moved", async () => {
  const clock = fakeClock();
  expect(clock.now()).toBe(0);

  await clock.advance("2s");
  await clock.advance(5);

  expect(clock.now()).toBe(2_005);
});

test("those who sleep wake in the order in which they are due, each at its time", async () => {
  const clock = fakeClock();
  const woken: [string, number][] = [];
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms, never);
    woken.push([name, clock.now()]);
  };
  void sleep("last", 300);
  void sleep("first", 100);
  void sleep("second", 100);
  expect(clock.waiting).toBe(3);

  await clock.advance(200);
  expect(woken).toEqual([
    ["first", 100],
    ["second", 100],
  ]);
  expect(clock.waiting).toBe(1);

  await clock.advance(100);
  expect(woken.at(-1)).toEqual(["last", 300]);
});

test("who falls asleep again while the time moves wakes again in it", async () => {
  const clock = fakeClock();
  const ticks: number[] = [];
  const tick = async () => {
    for (;;) {
      await clock.sleep(10, never);
      ticks.push(clock.now());
    }
  };
  void tick();

  await clock.advance(35);

  expect(ticks).toEqual([10, 20, 30]);
});

test("an abort wakes with its reason, and nobody waits any more", async () => {
  const clock = fakeClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(10, controller.signal);
  const reason = new RangeError("enough");

  controller.abort(reason);

  expect(await rejection(sleeping, RangeError)).toBe(reason);
  expect(clock.waiting).toBe(0);
  expect(await rejection(clock.sleep(10, controller.signal), RangeError)).toBe(reason);
});

test("sleeping() resolves when so many sleep", async () => {
  const clock = fakeClock();
  const two = clock.sleeping(2);
  let told = false;
  void two.then(() => {
    told = true;
  });

  void clock.sleep(1, never);
  await clock.sleeping();
  expect(told).toBe(false);

  void clock.sleep(1, never);
  await two;
});

test("what is no duration or no number is refused", async () => {
  const clock = fakeClock();

  expect((await rejection(clock.advance(-1), OptionsError)).message).toMatch(
    /^advance\(\): expected `by` to be a duration.*got `-1` \(number\)$/,
  );
  expect((await rejection(clock.sleeping(0), OptionsError)).message).toBe(
    "sleeping(): expected `count` to be a positive integer, got `0` (number)",
  );
});

test("the waits of a run take place on it", async () => {
  const engine = inline({
    modules: { model: { double: (numbers: number[]) => numbers.map((each) => 2 * each) } },
    faults: ({ attempt }) => (attempt <= 2 ? raise("ConnectionError", "no route") : undefined),
  });
  onTestFinished(() => engine.close());
  const session = await engine.session();
  const clock = fakeClock();
  const run = pipe<number>("doubled")
    .python<number>("double", { module: "model", function: "double" })
    .onError("double", retry({ backoff: "1s", jitter: false, on: ["ConnectionError"] }))
    .run([1, 2], { session, clock });
  const recorder = recordEvents(run);
  const collected = run.collect();

  await clock.sleeping();
  expect(recorder.of("batch-failure")).toHaveLength(1);
  await clock.advance("1s");
  expect(recorder.of("batch-failure")).toHaveLength(2);
  await clock.advance("2s");

  expect((await collected).outputs.default.map((item) => item.payload)).toEqual([2, 4]);
  expect(clock.now()).toBe(3_000);
});
