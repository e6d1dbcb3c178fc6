import fc from "fast-check";
import { store, type Table, type TableKey, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { keys, same } from "./keys.js";

function open<Key extends TableKey = TableKey, Value = number>(): Table<Key, Value> {
  return store("tried", { tried: table<Key, Value>() }).tried;
}

test("an array is the same key as another with the same parts, and no other key", async () => {
  await fc.assert(
    fc.asyncProperty(keys, keys, async (put, asked) => {
      const tried = open();
      await tried.put(put, 7);
      expect(tried.get(asked)).toBe(same(put, asked) ? 7 : undefined);
    }),
    { numRuns: 2_000 },
  );
});

test("a string key is never taken for an array key, however it is written", async () => {
  const tried = open();
  await tried.put("\u0000[1]", 1);
  expect(tried.get([1])).toBeUndefined();
});

test("a write is visible before its promise resolves", () => {
  const tried = open<string>();
  void tried.put("a", 1);
  expect(tried.get("a")).toBe(1);
  void tried.putMany([["b", 2]]);
  expect(tried.get("b")).toBe(2);
  void tried.update("b", () => 3);
  expect(tried.get("b")).toBe(3);
  void tried.delete("a");
  expect(tried.get("a")).toBeUndefined();
});

test("a change that throws changes nothing, and its error comes out", async () => {
  const tried = open<string>();
  await tried.put("a", 1);
  const error = new Error("no");
  const failing = tried.update("a", () => {
    throw error;
  });
  await expect(failing).rejects.toBe(error);
  expect([...tried]).toEqual([["a", 1]]);
});

test("two updates of one key at once both count", async () => {
  const tried = open<string>();
  await Promise.all([1, 2, 3].map(() => tried.update("a", (present = 0) => present + 1)));
  expect(tried.get("a")).toBe(3);
});

test("entries that fail while they are read set nothing", async () => {
  const tried = open<string>();
  function* entries(): Generator<[string, number]> {
    yield ["a", 1];
    throw new Error("half-way");
  }
  await expect(tried.putMany(entries())).rejects.toThrow("half-way");
  expect(tried.size).toBe(0);
});

test("entries of which one is none set nothing", async () => {
  const tried = open<string>();
  await expect(tried.putMany([["a", 1], null as unknown as [string, number]])).rejects.toThrow(TypeError);
  expect(tried.size).toBe(0);
});

test("an array key is kept as it was, whatever the caller does to the array", async () => {
  const tried = open<readonly number[]>();
  const mine = [1, 2];
  await tried.put(mine, 7);
  mine[0] = 9;
  expect([...tried]).toEqual([[[1, 2], 7]]);
});

test("what an iteration gives is the caller's: changing it does not change the table", async () => {
  const tried = open<string>();
  await tried.put("a", 1);
  for (const entry of tried) entry[1] = 99;
  expect(tried.get("a")).toBe(1);
});

test("values are kept as they are, undefined too", async () => {
  const tried = open<string, object | undefined>();
  const value = { score: 1 };
  await tried.putMany([
    ["a", value],
    ["b", undefined],
  ]);
  expect(tried.get("a")).toBe(value);
  expect(tried.size).toBe(2);
});

test("a change that returns a promise is refused, and changes nothing", async () => {
  const tried = open<string, unknown>();
  await expect(tried.update("a", async () => 1)).rejects.toThrow(
    "update(): expected the function to be synchronous, got one that returned a promise",
  );
  expect(tried.size).toBe(0);
});

test.each<[string, (tried: Table<string, number>) => unknown]>([
  ["puts", (tried) => tried.put("b", 1)],
  ["puts several", (tried) => tried.putMany([["b", 1]])],
  ["updates", (tried) => tried.update("b", () => 1)],
  ["deletes", (tried) => tried.delete("a")],
  ["compares and sets", (tried) => tried.compareAndSet("a", 1, 2)],
])("a change that %s in the table itself is refused, and nothing is changed", async (_, write) => {
  const tried = open<string>();
  await tried.put("a", 1);
  const changing = tried.update("a", () => {
    void write(tried);
    return 7;
  });
  await expect(changing).rejects.toThrow("update(): expected the function not to write to what it works on");
  expect([...tried]).toEqual([["a", 1]]);
  await tried.put("a", 2);
});

test("a change may write to another table", async () => {
  const { one, other } = store("both", { one: table<string, number>(), other: table<string, number>() });
  await one.update("a", () => {
    void other.put("b", 1);
    return 2;
  });
  expect([one.get("a"), other.get("b")]).toEqual([2, 1]);
});

test("compareAndSet compares parts, and undefined is where there is nothing", async () => {
  const tried = open<string, { n: number }>();
  expect(await tried.compareAndSet("a", { n: 1 }, { n: 2 })).toBe(false);
  expect(await tried.compareAndSet("a", undefined, { n: 1 })).toBe(true);
  expect(await tried.compareAndSet("a", undefined, { n: 3 })).toBe(false);
  expect(await tried.compareAndSet("a", { n: 1 }, { n: 2 })).toBe(true);
  expect(tried.get("a")).toEqual({ n: 2 });
});

test("of a thousand updates by tasks that wait here and there, none is lost", async () => {
  const tried = open<string>();
  await Promise.all(
    Array.from({ length: 100 }, async (_, task) => {
      for (let round = 0; round < 10; round += 1) {
        if ((task + round) % 3 === 0) await new Promise(setImmediate);
        await tried.update("count", (present = 0) => present + 1);
      }
    }),
  );
  expect(tried.get("count")).toBe(1_000);
});

test("fold goes through all entries in their order", async () => {
  const tried = open<string>();
  await tried.putMany([
    ["a", 1],
    ["b", 2],
  ]);
  expect(tried.fold((text, value, key) => `${text}${key}${value}`, "")).toBe("a1b2");
});

test("a scan ends, although each of its entries is written again and one is taken out", async () => {
  const tried = open<number>();
  await tried.putMany([1, 2, 3, 4].map((key) => [key, 0]));
  const seen: number[] = [];
  for (const [key, value] of tried.scan()) {
    seen.push(key);
    void tried.put(key, value + 1);
    void tried.delete(3);
  }
  expect(seen).toEqual([1, 2, 4]);
});

test("an age is told where there is no ttl, too", async () => {
  const clock = fakeClock();
  const { tried } = store("tried", { tried: table<string, number>() }, { clock });
  await tried.put("a", 1);
  await clock.advance("5s");
  expect(tried.getMany(["a", "b"], { allowExpired: true })).toEqual([
    { value: 1, ageMs: 5_000, isExpired: false },
    undefined,
  ]);
});

test("options of get that ask for nothing are refused", () => {
  const tried = open();
  expect(() => tried.get(1, { allowExpired: false } as never)).toThrow(
    "get(): expected the options to be { allowExpired: true }, got an object (Object)",
  );
});

test.each([[null], [undefined], [{}], [new Date(0)], [[null]], [[1, new Date(0)]], [[[1]]]])(
  "%o is no key, and is not taken for another",
  (key) => {
    const values = open();
    expect(() => values.get(key as unknown as TableKey)).toThrow(
      "expected a key to be a string, number, bigint, boolean",
    );
  },
);
