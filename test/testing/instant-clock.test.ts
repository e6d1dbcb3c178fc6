import { setImmediate as nextRound } from "node:timers/promises";
import { expect, test } from "vitest";
import { instantClock } from "../../src/testing/instant-clock.js";

const never = new AbortController().signal;

test("who sleeps again and again leaves the event loop its turns", async () => {
  const clock = instantClock();
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    if (turns < 5) setImmediate(turn);
  };
  setImmediate(turn);

  while (turns < 5 && clock.now() < 1_000) await clock.sleep(1, never);

  expect(turns).toBe(5);
});

test("who wakes finds that the time has come, also where others have slept meanwhile", async () => {
  const clock = instantClock();

  await Promise.all([
    clock.sleep(1_000, never).then(() => expect(clock.now()).toBe(1_000)),
    clock.sleep(10, never).then(() => expect(clock.now()).toBeGreaterThanOrEqual(10)),
  ]);

  expect(clock.now()).toBe(1_000);
});

test("an abort ends a wait with its reason, before it and while it lasts, and no time has passed", async () => {
  const clock = instantClock();
  const abort = new AbortController();
  const reason = new Error("enough");

  const waiting = clock.sleep(10, abort.signal);
  abort.abort(reason);

  await expect(waiting).rejects.toBe(reason);
  await expect(clock.sleep(10, abort.signal)).rejects.toBe(reason);
  await nextRound();
  expect(clock.now()).toBe(0);
});
