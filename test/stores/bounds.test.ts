import fc from "fast-check";
import { orderedTable, store, type Table, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { ScriptedBackend } from "./scripted-backend.js";

const keys = (entries: Iterable<[unknown, unknown]>): unknown[] => Array.from(entries, ([key]) => key);

const steps = fc.array(
  fc.record({ kind: fc.constantFrom("put", "get", "delete"), key: fc.nat({ max: 6 }) }),
  {
    maxLength: 60,
  },
);

test.each([
  ["table", table<number, number>({ maxEntries: 3 })],
  ["ordered table", orderedTable<number, number>({ maxEntries: 3 })],
])("a full %s lets go what a list in the order of use would", async (_, tried) => {
  const property = fc.asyncProperty(steps, async (taken) => {
    const opened = store("tried", { tried });
    let used: number[] = [];
    for (const { kind, key } of taken) {
      if (kind === "put") await opened.tried.put(key, key);
      else if (kind === "get") expect(opened.tried.get(key)).toBe(used.includes(key) ? key : undefined);
      else expect(await opened.tried.delete(key)).toBe(used.includes(key));
      const stays = kind === "put" || (kind === "get" && used.includes(key));
      used = [...used.filter((each) => each !== key), ...(stays ? [key] : [])].slice(-3);
      expect(keys(opened.tried.scan()).sort()).toEqual(used.toSorted());
      expect(opened.tried.size).toBe(used.length);
    }
  });
  await fc.assert(property, { numRuns: 300 });
});

test("bytes are those that sizeOf tells", async () => {
  const sizeOf = (value: string, key: number) => value.length + key;
  const { tried } = store("tried", { tried: table<number, string>({ maxBytes: 10, sizeOf }) });
  await tried.put(1, "1234");
  await tried.put(2, "123");
  expect(keys(tried)).toEqual([1, 2]);
  await tried.put(0, "1");
  expect(keys(tried)).toEqual([2, 0]);
});

test("a value that grows makes room for itself", async () => {
  const { tried } = store("tried", {
    tried: table<string, string>({ maxBytes: 10, sizeOf: (value) => value.length }),
  });
  await tried.putMany(["a", "b"].map((key) => [key, "12345"]));
  await tried.put("b", "123456");
  expect(keys(tried)).toEqual(["b"]);
});

test("a value that is larger than the table is let go itself, and the others stay", async () => {
  const { tried } = store("tried", {
    tried: table<string, string>({ maxBytes: 10, sizeOf: (value) => value.length }),
  });
  await tried.put("a", "123");
  const changes = tried.watch();
  await tried.put("b", "12345678901");
  expect([...tried]).toEqual([["a", "123"]]);
  expect([(await changes.next()).value, (await changes.next()).value]).toEqual([
    { kind: "put", key: "b", value: "12345678901" },
    { kind: "evict", key: "b", previous: "12345678901" },
  ]);
});

test.each<[string, unknown, number]>([
  ["vectors", new Float64Array(1_000), 8_000],
  ["text", "x".repeat(8_000), 8_000],
  ["buffers", Buffer.alloc(8_000), 8_000],
  ["long lists of numbers", Array.from({ length: 1_000 }, (_, index) => index), 8_000],
  ["lists of texts", Array.from({ length: 100 }, () => "x".repeat(64)), 8_800],
  ["nested objects", { a: { b: { c: "x".repeat(7_000) } }, d: new Set(["x".repeat(1_000)]) }, 8_200],
  ["maps", new Map([["x".repeat(4_000), "x".repeat(4_000)]]), 8_100],
])("without sizeOf, the bytes of %s are about those of their parts", async (_, value, bytes) => {
  const { tried } = store("tried", { tried: table<number, unknown>({ maxBytes: bytes * 10.5 }) });
  for (let key = 0; key < 20; key += 1) await tried.put(key, value);
  expect([9, 10, 11]).toContain(tried.size);
});

test("a value that contains itself has a size", async () => {
  const ring: { self?: unknown } = {};
  ring.self = ring;
  const { tried } = store("tried", { tried: table<string, unknown>({ maxBytes: "1MB" }) });
  await tried.put("a", ring);
  expect(tried.get("a")).toBe(ring);
});

test.each([[Number.NaN], [-1], ["4"], [undefined]])(
  "a sizeOf that returns %o is told, and nothing is put",
  async (bytes) => {
    const sizeOf = () => bytes as number;
    const { tried } = store("tried", { tried: table<string, number>({ maxBytes: 10, sizeOf }) });
    await expect(tried.put("a", 1)).rejects.toThrow(
      "sizeOf: expected it to return a number of bytes, 0 or more, got",
    );
    expect(tried.size).toBe(0);
  },
);

test("what is let go is gone from the backend, but not what comes back in the same write", async () => {
  const backend = new ScriptedBackend();
  const definitions = { tried: table<string, number>({ maxEntries: 2 }) };
  const { tried } = store("tried", definitions, { backend });
  await tried.putMany(["a", "b", "c", "a"].map((key, index) => [key, index]));
  expect(keys(tried)).toEqual(["c", "a"]);
  expect(backend.kept.map(({ key }) => key).sort()).toEqual(["a", "c"]);
});

test("a store that is opened with a lower bound lets go what was written first", async () => {
  const backend = new ScriptedBackend();
  const wide = store("tried", { tried: table<number, number>() }, { backend });
  await wide.tried.putMany([1, 2, 3, 4].map((key) => [key, key]));
  await wide.close();
  const narrow = store("tried", { tried: table<number, number>({ maxEntries: 2 }) }, { backend });
  expect(keys(narrow.tried)).toEqual([3, 4]);
  await narrow.tried.put(3, 0);
  expect(backend.kept.map(({ key }) => key)).toEqual([4, 3]);
});

test("expired values count for the bounds, and go before all others", async () => {
  const clock = fakeClock();
  const { tried } = store("tried", { tried: table<string, number>({ maxEntries: 2, ttl: "1s" }) }, { clock });
  await tried.put("a", 1);
  await clock.advance("1s");
  const changes = tried.watch();
  await tried.putMany([
    ["b", 2],
    ["c", 3],
  ]);
  expect(tried.get("a", { allowExpired: true })).toBeUndefined();
  expect(tried.size).toBe(2);
  await tried.put("d", 4);
  // That `a` is gone was told when it expired.
  const seen: unknown[] = [];
  for await (const { kind, key } of changes) if (seen.push([kind, key]) === 4) break;
  expect(seen).toEqual([
    ["put", "b"],
    ["put", "c"],
    ["put", "d"],
    ["evict", "b"],
  ]);
});

test.each<[string, (tried: Table<string, number>) => unknown]>([
  ["get()", (tried) => tried.get("old")],
  ["get() for expired ones", (tried) => tried.get("old", { allowExpired: true })],
  ["getMany()", (tried) => tried.getMany(["old"])],
  ["has()", (tried) => tried.has("old")],
])(
  "an expired value that is asked for by %s again and again pushes out none that is fresh",
  async (_, poll) => {
    const clock = fakeClock();
    const definition = table<string, number>({ maxEntries: 3, ttl: "10s" });
    const { tried } = store("tried", { tried: definition }, { clock });
    await tried.put("old", 1);
    await clock.advance("5s");
    await tried.put("a", 1);
    await tried.put("b", 1);
    await clock.advance("5s");
    poll(tried);
    await tried.put("c", 1);
    expect(keys(tried)).toEqual(["a", "b", "c"]);
    // Nothing is expired any more: the next to go is what was not used for the longest time.
    tried.get("a");
    await tried.put("d", 1);
    expect(keys(tried)).toEqual(["c", "a", "d"]);
  },
);

test("of expired values the oldest goes first, and only as many as have to", async () => {
  const clock = fakeClock();
  const definition = orderedTable<number, string>({
    maxBytes: 10,
    sizeOf: ({ length }) => length,
    ttl: "10s",
  });
  const { tried } = store("tried", { tried: definition }, { clock });
  await tried.putMany([
    [3, "xxx"],
    [2, "xxx"],
    [1, "xxx"],
  ]);
  await clock.advance("10s");
  await tried.put(9, "xxxx");
  const left = tried.getMany([3, 2, 1, 9], { allowExpired: true });
  expect(left.map((aged) => aged?.isExpired)).toEqual([undefined, true, true, false]);
});
