import fc from "fast-check";
import { type KeyPart, type Table, type TableKey, table } from "slither-ts";
import { expect, test } from "vitest";

function open<Key extends TableKey = TableKey, Value = number>(): Table<Key, Value> {
  return table<Key, Value>().open();
}

// Few values, so that keys meet; with those that text could mistake for each other, or for an array.
const part: fc.Arbitrary<KeyPart> = fc.oneof(
  fc.constantFrom<KeyPart>(0, -0, 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.constantFrom<KeyPart>(0n, 1n, true, false),
  fc.constantFrom<KeyPart>(
    "",
    "0",
    "1",
    "NaN",
    "true",
    "1n",
    "[1]",
    '["1"]',
    "null",
    ",",
    "\u0000",
    "\u0000[1]",
  ),
  fc.constantFrom<KeyPart>("\ud800", "\\ud800", '{"bigint":"1"}', "\u0000\u0000[1]"),
  fc.string({ maxLength: 2 }),
);
const key: fc.Arbitrary<TableKey> = fc.oneof(part, fc.array(part, { maxLength: 3 }));

/** Whether two keys are one: scalars as in a Map, arrays part by part. Says it in another way than the table does. */
function same(a: TableKey, b: TableKey): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => new Set<KeyPart>([each]).has(b[index]));
  }
  return !Array.isArray(a) && !Array.isArray(b) && new Set<TableKey>([a]).has(b);
}

/** The table as a list of entries that is searched from the start. */
class Model {
  entries: [TableKey, number][] = [];

  get(wanted: TableKey): number | undefined {
    return this.entries.find(([present]) => same(present, wanted))?.[1];
  }

  set(wanted: TableKey, value: number): void {
    const index = this.entries.findIndex(([present]) => same(present, wanted));
    if (index < 0) this.entries.push([wanted, value]);
    else this.entries[index] = [wanted, value];
  }

  delete(wanted: TableKey): boolean {
    const before = this.entries.length;
    this.entries = this.entries.filter(([present]) => !same(present, wanted));
    return this.entries.length < before;
  }
}

const operation = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key, value: fc.nat() }),
  fc.record({
    kind: fc.constant("putMany" as const),
    entries: fc.array(fc.tuple(key, fc.nat()), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant("update" as const), key }),
  fc.record({ kind: fc.constant("delete" as const), key }),
  fc.record({ kind: fc.constant("get" as const), key }),
  fc.record({ kind: fc.constant("getMany" as const), keys: fc.array(key, { maxLength: 4 }) }),
);

type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

/** Does the same to both, and gives back what each said. */
async function both(
  tried: Table<TableKey, number>,
  model: Model,
  step: Operation,
): Promise<[unknown, unknown]> {
  const changed = (present: number | undefined): number => (present ?? 0) + 1;
  switch (step.kind) {
    case "put":
      model.set(step.key, step.value);
      return [await tried.put(step.key, step.value), undefined];
    case "putMany":
      for (const [each, value] of step.entries) model.set(each, value);
      return [await tried.putMany(step.entries), undefined];
    case "update":
      model.set(step.key, changed(model.get(step.key)));
      return [await tried.update(step.key, changed), model.get(step.key)];
    case "delete":
      return [await tried.delete(step.key), model.delete(step.key)];
    case "get":
      return [tried.get(step.key), model.get(step.key)];
    case "getMany":
      return [tried.getMany(step.keys), step.keys.map((each) => model.get(each))];
  }
}

test("a table does what a list of entries would, with array keys and odd parts, in the order of first setting", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (steps) => {
      const [tried, model] = [open(), new Model()];
      for (const step of steps) {
        const [said, expected] = await both(tried, model, step);
        expect(said).toEqual(expected);
        expect(tried.size).toBe(model.entries.length);
      }
      expect([...tried]).toEqual(model.entries);
    }),
    { numRuns: 1_000 },
  );
});

test("an array is the same key as another with the same parts, and no other key", async () => {
  await fc.assert(
    fc.asyncProperty(key, key, async (put, asked) => {
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

test("each opening of a definition is a table of its own", async () => {
  const definition = table<string, number>();
  const [one, other] = [definition.open(), definition.open()];
  await one.put("a", 1);
  expect(other.size).toBe(0);
});

test("options, which a table does not have, are refused and not ignored", () => {
  const untyped = table as (options: unknown) => unknown;
  expect(() => untyped({ maxEntries: 10 })).toThrow("table(): expected no options, got an object (Object)");
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
