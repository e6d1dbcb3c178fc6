import { orderedTable, store, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { runScript } from "../helpers/node-script.js";
import { ScriptedBackend } from "./scripted-backend.js";

function open() {
  const clock = fakeClock();
  const backend = new ScriptedBackend();
  const { tried } = store("tried", { tried: table<string, number>({ ttl: "1s" }) }, { clock, backend });
  return { clock, backend, tried };
}

test("a value is there until it is as old as the ttl", async () => {
  const { clock, tried } = open();
  await tried.put("a", 1);
  await clock.advance(999);
  expect([tried.get("a"), tried.has("a"), tried.size, [...tried]]).toEqual([1, true, 1, [["a", 1]]]);
  await clock.advance(1);
  expect([tried.get("a"), tried.has("a"), tried.size, [...tried]]).toEqual([undefined, false, 0, []]);
  expect(tried.getMany(["a"])).toEqual([undefined]);
  expect(tried.fold((count) => count + 1, 0)).toBe(0);
});

test("an expired value is given with its age to who asks for it, until it is twice as old as the ttl", async () => {
  const { clock, tried } = open();
  await tried.put("a", 1);
  await clock.advance(500);
  expect(tried.get("a", { allowExpired: true })).toEqual({ value: 1, ageMs: 500, isExpired: false });
  await clock.advance(1_499);
  expect(tried.get("a", { allowExpired: true })).toEqual({ value: 1, ageMs: 1_999, isExpired: true });
  await clock.advance(1);
  expect(tried.get("a", { allowExpired: true })).toBeUndefined();
});

test("a write makes a value new", async () => {
  const { clock, tried } = open();
  await tried.put("a", 1);
  await clock.advance(900);
  await tried.update("a", (present = 0) => present + 1);
  await clock.advance(900);
  expect([tried.get("a"), tried.size]).toEqual([2, 1]);
});

test("an expired value is no present one: update gets nothing, compareAndSet finds nothing, delete says so", async () => {
  const { clock, tried } = open();
  await tried.putMany([
    ["a", 1],
    ["b", 1],
    ["c", 1],
  ]);
  await clock.advance("1s");
  expect(await tried.update("a", (present) => (present === undefined ? 7 : 8))).toBe(7);
  expect(await tried.compareAndSet("b", 1, 2)).toBe(false);
  expect(await tried.compareAndSet("b", undefined, 2)).toBe(true);
  expect(await tried.delete("c")).toBe(false);
  expect(tried.get("c", { allowExpired: true })).toBeUndefined();
});

test("in a table that nobody reads or writes, expired values go by themselves, out of the backend too", async () => {
  const { clock, backend, tried } = open();
  await tried.put("a", 1);
  await clock.advance(500);
  await tried.put("b", 2);
  await clock.advance(1_500);
  expect(backend.commits.at(-1)).toEqual([{ kind: "delete", table: "tried", key: "a" }]);
  await clock.advance(500);
  expect(backend.kept).toEqual([]);
  // Nothing is left to wait for.
  expect(clock.waiting).toBe(0);
});

test("two thousand values that expire at two thousand times do not wake the table as often", async () => {
  const clock = fakeClock();
  let slept = 0;
  const counting = {
    now: () => clock.now(),
    sleep: (ms: number, signal: AbortSignal) => {
      slept += 1;
      return clock.sleep(ms, signal);
    },
  };
  const { tried } = store("tried", { tried: table<number, number>({ ttl: "1s" }) }, { clock: counting });
  for (let key = 0; key < 2_000; key += 1) {
    await tried.put(key, key);
    await clock.advance(1);
  }
  await clock.advance("3s");
  expect(tried.getMany([0, 1_999], { allowExpired: true })).toEqual([undefined, undefined]);
  expect(slept).toBeLessThan(600);
});

test("a clock that goes back makes nothing younger", async () => {
  let now = 1_000;
  const clock = { now: () => now, sleep: () => new Promise<void>(() => {}) };
  const { tried } = store("tried", { tried: table<string, number>({ ttl: 100 }) }, { clock });
  await tried.put("a", 1);
  now = 1_100;
  expect(tried.get("a")).toBeUndefined();
  now = 500;
  expect(tried.get("a")).toBeUndefined();
  await tried.put("b", 2);
  now = 1_150;
  expect([tried.get("b"), tried.size]).toEqual([2, 1]);
});

test("an ordered table forgets what has expired in its order, too", async () => {
  const clock = fakeClock();
  const { tried } = store("tried", { tried: orderedTable<number, number>({ ttl: "1s" }) }, { clock });
  await tried.putMany([
    [1, 1],
    [2, 2],
  ]);
  await clock.advance(500);
  await tried.put(3, 3);
  await clock.advance(600);
  expect([...tried.scan({ limit: 1 })]).toEqual([[3, 3]]);
});

test("ages go on over a restart, and what has become too old in between is gone", async () => {
  const { clock, backend, tried } = open();
  await tried.put("old", 1);
  await clock.advance(900);
  await tried.put("young", 2);
  await clock.advance(600);
  const definitions = { tried: table<string, number>({ ttl: "1s" }) };
  const again = store("tried", definitions, { clock, backend });
  expect([again.tried.get("old"), again.tried.get("young"), again.tried.size]).toEqual([undefined, 2, 1]);
  expect(again.tried.getMany(["old", "young"], { allowExpired: true })).toEqual([
    { value: 1, ageMs: 1_500, isExpired: true },
    { value: 2, ageMs: 600, isExpired: false },
  ]);
  await again.close();
  const later = { now: () => clock.now() + 600, sleep: () => new Promise<void>(() => {}) };
  const last = store("tried", definitions, { clock: later, backend });
  expect(last.tried.getMany(["old", "young"], { allowExpired: true }).map((each) => each?.value)).toEqual([
    undefined,
    2,
  ]);
  await last.close();
  expect(backend.kept.map(({ key }) => key)).toEqual(["young"]);
});

test("what a wrong clock wrote in the future is not older than new, and is in its order", async () => {
  const kept = [
    { table: "tried", key: "future", value: 1, writtenAt: 5_000 },
    { table: "tried", key: "past", value: 2, writtenAt: -500 },
  ];
  const clock = fakeClock();
  const backend = new ScriptedBackend(undefined, kept);
  const { tried } = store("tried", { tried: table<string, number>({ ttl: "1s" }) }, { clock, backend });
  expect(tried.get("future", { allowExpired: true })?.ageMs).toBe(0);
  await clock.advance(600);
  expect([tried.size, [...tried]]).toEqual([1, [["future", 1]]]);
});

test("a closed store waits for nothing", async () => {
  const clock = fakeClock();
  const opened = store("tried", { tried: table<string, number>({ ttl: "1s" }) }, { clock });
  await opened.tried.put("a", 1);
  expect(clock.waiting).toBe(1);
  await opened.close();
  expect(clock.waiting).toBe(0);
});

test("neither a ttl nor a watcher keeps the process alive", async () => {
  const script = runScript("store-with-ttl", []);
  expect(await script.ended).toBe(0);
  expect(await script.lines).toEqual(["1"]);
});
