import { beforeEach, expect, test } from "vitest";
import type { Clock } from "../../src/clock.js";
import { Alarm } from "../../src/dispatch/alarm.js";
import { type FakeClock, fakeClock } from "../../src/testing/fake-clock.js";
import { type Deferred, deferred, quiet } from "./deferred.js";

let clock: FakeClock;
let calls: number[];
let sleeps: number[];
let alarm: Alarm;

beforeEach(() => {
  clock = fakeClock();
  calls = [];
  sleeps = [];
  const noting: Clock = {
    now: () => clock.now(),
    sleep: (ms, signal) => {
      sleeps.push(ms);
      return clock.sleep(ms, signal);
    },
  };
  alarm = new Alarm(noting, () => calls.push(clock.now()));
});

test("it calls at its time, once", async () => {
  alarm.set(30);
  await clock.advance(29);
  expect(calls).toEqual([]);
  await clock.advance(100);
  expect(calls).toEqual([30]);
});

test("set again to the same time it does not start again", async () => {
  for (let count = 0; count < 3; count++) alarm.set(30);
  expect(sleeps).toEqual([30]);
  await clock.advance(30);
  expect(calls).toEqual([30]);
});

test.each([
  ["earlier", 10],
  ["later", 50],
])("set to another time it calls then, and only then (%s)", async (_, at) => {
  alarm.set(30);
  alarm.set(at);
  expect(clock.waiting).toBe(1);
  await clock.advance(100);
  expect(calls).toEqual([at]);
});

test("unset it does not call, and leaves no timer", async () => {
  alarm.set(30);
  alarm.set(undefined);
  expect(clock.waiting).toBe(0);
  await clock.advance(100);
  expect(calls).toEqual([]);
});

test("a time that is past has come", async () => {
  await clock.advance(40);
  alarm.set(30);
  await clock.advance(1);
  expect(calls).toEqual([40]);
});

test("it can be set to the time again at which it has called: a timer may be early", async () => {
  alarm.set(30);
  await clock.advance(30);
  alarm.set(30);
  await clock.advance(1);
  expect(calls).toEqual([30, 30]);
});

/** An alarm whose clock has woken it, with something done in the moment before it notices. */
async function wokenAnd(act: (alarm: Alarm) => void): Promise<{ called: number; signals: AbortSignal[] }> {
  const timers: Deferred<void>[] = [];
  const signals: AbortSignal[] = [];
  let called = 0;
  const scripted: Clock = {
    now: () => 0,
    sleep: (_, signal) => {
      const timer = deferred();
      timers.push(timer);
      signals.push(signal);
      return timer.promise;
    },
  };
  const woken = new Alarm(scripted, () => {
    called += 1;
  });
  woken.set(30);
  timers[0]?.resolve();
  act(woken);
  await quiet();
  return { called, signals };
}

test("it does not call after it was unset, even when its timer has just ended", async () => {
  const { called } = await wokenAnd((woken) => woken.set(undefined));
  expect(called).toBe(0);
});

test("a timer that has just ended does not make it forget the time that it was set to since", async () => {
  const { called, signals } = await wokenAnd((woken) => {
    woken.set(50);
    setImmediate(() => woken.set(undefined));
  });
  await quiet();
  expect(called).toBe(0);
  expect(signals[1]?.aborted).toBe(true);
});
