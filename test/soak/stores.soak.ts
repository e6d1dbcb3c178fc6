import { store, table } from "slither-ts";
import { expect, test } from "vitest";
import { collectGarbage } from "../helpers/garbage.js";
import { fillAndRead } from "../stores/large.js";

test("a million keys of each kind are written, found, scanned and taken out", async () => {
  const count = 1_000_000;
  expect(await fillAndRead(count)).toEqual({
    size: count,
    found: count,
    scanned: count,
    inOrder: true,
    left: 0,
  });
});

test("three million writes to a bounded table with a ttl leave the memory as it was", async () => {
  const { tried } = store("tried", { tried: table<number, number>({ maxEntries: 10_000, ttl: 50 }) });
  const used: number[] = [];
  for (let round = 0; round < 30; round += 1) {
    for (let key = 0; key < 100_000; key += 1) void tried.put(round * 100_000 + key, key);
    // What expires goes while nobody writes.
    await new Promise((resolve) => setTimeout(resolve, 10));
    collectGarbage();
    used.push(process.memoryUsage().heapUsed / 2 ** 20);
  }
  expect(tried.size).toBeLessThanOrEqual(10_000);
  expect(Math.max(...used.slice(20)) - Math.max(...used.slice(0, 10))).toBeLessThan(5);
});
