import { openLocally, type TriedStore, tableConformance, type WantedTables } from "slither-ts/testing";
import { describe, expect, test } from "vitest";
import { CAPABILITIES, triedOf } from "./conformance.js";

const inMemory = tableConformance({
  open: (tables) => openLocally(tables),
  capabilities: CAPABILITIES.local,
});

describe("tables in memory", () => {
  test.each(triedOf(inMemory))("$name", ({ run }) => run() as Promise<never>);
});

test("what cannot be tried is named as skipped, with the reason, and opens nothing", async () => {
  const none = Object.fromEntries(Object.keys(CAPABILITIES.local).map((name) => [name, false]));
  const cases = tableConformance({
    open: () => {
      throw new Error("opened");
    },
    capabilities: none as typeof CAPABILITIES.local,
  });
  const skipped = cases.filter(({ needs }) => needs.length > 0);
  const results = await Promise.all(skipped.map(({ run }) => run()));
  expect(results).toEqual(skipped.map(({ name, skipped }) => ({ name, skipped })));
  expect(new Set(results.map(({ skipped }) => skipped)).size).toBe(8);
  expect(results.every(({ skipped }) => typeof skipped === "string")).toBe(true);
});

test("every case has a name of its own", () => {
  expect(new Set(inMemory.map(({ name }) => name)).size).toBe(inMemory.length);
});

test("every store that a case opens is closed after it, also when the law is broken", async () => {
  let opened = 0;
  const cases = tableConformance({
    open: (tables) => {
      opened += 1;
      const store = openLocally(tables);
      const close = async (): Promise<void> => {
        opened -= 1;
        await store.close();
      };
      return { ...store, tables: {}, close };
    },
    capabilities: CAPABILITIES.local,
  });
  for (const each of triedOf(cases)) await expect(each.run()).rejects.toThrow();
  expect(opened).toBe(0);
});

test("a capability without its function is told as such", async () => {
  const cases = tableConformance({
    open: (tables) => openLocally(tables),
    capabilities: { ...CAPABILITIES.local, shared: true },
  });
  const sharing = cases.filter(({ needs }) => needs.includes("shared"));
  for (const each of sharing)
    await expect(each.run()).rejects.toThrow(
      "to have `another()`, which its capabilities promise, got `undefined`",
    );
});

test.each([
  [{}, "expected `open` to be a function that opens a store"],
  [{ open: () => {}, capabilities: { watch: true } }, "expected `capabilities.inOrder` to be true or false"],
  [
    { open: () => {}, capabilities: { ...CAPABILITIES.local, sharing: true } },
    "unknown option `capabilities.sharing`",
  ],
])("wrong options are refused: %o", (options, message) => {
  expect(() => tableConformance(options as never)).toThrow(message);
});

// biome-ignore lint/suspicious/noExplicitAny: a broken table is made of a right one.
type Any = any;

/** What makes a table break a law, and the law. */
const MUTANTS: readonly [law: string, breakTable: (right: Any) => object][] = [
  ["a value is there after put(), and another takes its place", () => ({ put: async () => {} })],
  ["a new table is empty", () => ({ has: () => true })],
  [
    "keys that look alike are different keys",
    (right) => ({
      putMany: (entries: [unknown, unknown][]) => right.putMany(entries),
      put: (key: unknown, value: unknown) => right.put(String(key), value),
      getMany: (keys: unknown[]) => right.getMany(keys.map(String)),
    }),
  ],
  [
    "an array is the same key as another array with the same parts",
    (right) => {
      const arrays = new Map<unknown, unknown>();
      const isArray = Array.isArray;
      return {
        put: async (key: unknown, value: unknown) =>
          isArray(key) ? void arrays.set(key, value) : right.put(key, value),
        get: (key: unknown) => (isArray(key) ? arrays.get(key) : right.get(key)),
      };
    },
  ],
  [
    "values of every kind come back as they were put",
    (right) => ({
      getMany: (keys: unknown[]) =>
        JSON.parse(
          JSON.stringify(right.getMany(keys), (_, value) =>
            typeof value === "bigint" ? Number(value) : value,
          ),
        ),
    }),
  ],
  [
    "no update of one key is lost, however many run at once",
    (right) => ({
      update: async (key: unknown, change: (present: unknown) => unknown) => {
        const present = right.get(key);
        await Promise.resolve();
        const value = change(present);
        await right.put(key, value);
        return value;
      },
    }),
  ],
  [
    "a reader sees all that one putMany() has set, or nothing of it",
    (right) => ({
      putMany: async (entries: [unknown, unknown][]) => {
        for (const [key, value] of entries) {
          await right.put(key, value);
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    }),
  ],
  [
    "compareAndSet() sets where the present value is deeply equal, and nowhere else",
    (right) => ({
      compareAndSet: async (key: unknown, expected: unknown, value: unknown) => {
        if (right.get(key) !== expected) return false;
        await right.put(key, value);
        return true;
      },
    }),
  ],
  ["a table does what a Map would, whatever is done to it", () => ({ delete: async () => true })],
  [
    "an expired value is given, with its age, to who asks for it",
    (right) => ({ getMany: (keys: unknown[]) => right.getMany(keys) }),
  ],
  [
    "a value that is older than the ttl is not there",
    (right) => ({
      getMany: (keys: unknown[]) =>
        right.getMany(keys, { allowExpired: true }).map((aged: Any) => aged?.value),
    }),
  ],
  [
    "a write starts the time of a value anew",
    (right) => ({
      put: async (key: unknown, value: unknown) => (right.has(key) ? undefined : right.put(key, value)),
    }),
  ],
];

/** A table that is another, but for some of its functions. */
function broken(right: Any, breakTable: (right: Any) => object): object {
  const changed = breakTable(right);
  return new Proxy(right, {
    get: (target, name) => {
      if (Object.hasOwn(changed, name)) return (changed as Any)[name];
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test.each(MUTANTS)("a table that breaks it is found by: %s", async (law, breakTable) => {
  const open = (tables: WantedTables): TriedStore => {
    const store = openLocally(tables);
    const entries = Object.keys(tables).map((name) => [name, broken(store.tables[name], breakTable)]);
    return { ...store, tables: Object.fromEntries(entries) };
  };
  const cases = tableConformance({ open, capabilities: CAPABILITIES.local });
  const found = cases.find(({ name }) => name === law);
  await expect(found?.run()).rejects.toThrow();
});
