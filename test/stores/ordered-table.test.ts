import fc from "fast-check";
import {
  type KeyPart,
  type KeyRange,
  type OrderedTable,
  orderedTable,
  store,
  type TableKey,
} from "slither-ts";
import { expect, test } from "vitest";
import { keys, parts, same } from "./keys.js";

function open<Key extends TableKey = TableKey>(): OrderedTable<Key, number> {
  return store("tried", { tried: orderedTable<Key, number>() }).tried;
}

const KINDS = ["boolean", "number", "string", "object"];

const kindOf = (key: TableKey): number => KINDS.indexOf(typeof key === "bigint" ? "number" : typeof key);

/** Whether one key comes before another, as the documentation says it, case by case. */
function before(a: TableKey, b: TableKey): boolean {
  if (same(a, b)) return false;
  if (kindOf(a) !== kindOf(b)) return kindOf(a) < kindOf(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    const index = a.findIndex((part, at) => at >= b.length || !same(part, b[at] as KeyPart));
    if (index < 0) return true;
    return index < b.length && before(a[index] as KeyPart, b[index] as KeyPart);
  }
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a);
  if (a < b || a > b) return a < b;
  return typeof a === "number" && typeof b === "bigint";
}

function isWithin(key: TableKey, { from, to, prefix }: KeyRange<TableKey>): boolean {
  if (from !== undefined && before(key, from)) return false;
  if (to !== undefined && !before(key, to)) return false;
  if (prefix === undefined) return true;
  if (typeof prefix === "string") return typeof key === "string" && key.startsWith(prefix);
  return (
    Array.isArray(key) &&
    prefix.every((part, index) => index < key.length && same(part, key[index] as KeyPart))
  );
}

const ranges: fc.Arbitrary<KeyRange<TableKey>> = fc.record(
  {
    from: keys,
    to: keys,
    prefix: fc.oneof(fc.constantFrom("", "[", "1", "\u0000", "\uffff"), parts),
    reverse: fc.boolean(),
    limit: fc.nat({ max: 4 }),
  },
  { requiredKeys: [] },
);

test("a scan gives what a list that is sorted and filtered would", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.tuple(keys, fc.boolean())),
    ranges,
    async (written, range) => {
      const tried = open();
      const model: TableKey[] = [];
      for (const [key, isKept] of written) {
        // A scan in between makes the next write one to a tree that somebody reads.
        tried.scan();
        const index = model.findIndex((each) => same(each, key));
        if (index >= 0) model.splice(index, 1);
        if (isKept) model.push(key);
        await (isKept ? tried.put(key, 1) : tried.delete(key));
      }
      const expected = model.filter((key) => isWithin(key, range)).sort((a, b) => (before(a, b) ? -1 : 1));
      if (range.reverse) expected.reverse();
      const found = [...tried.scan(range)].map(([key]) => key);
      expect(found).toEqual(expected.slice(0, range.limit ?? expected.length));
    },
  );
  await fc.assert(property, { numRuns: 2_000 });
});

test("the kinds of keys are in the order that is documented", async () => {
  const tried = open();
  const ordered = [
    false,
    true,
    Number.NaN,
    -1,
    0,
    1,
    1n,
    1.5,
    2n,
    "",
    "B",
    "a",
    "ab",
    [],
    [1],
    [1, 2],
    [2],
    ["a"],
  ];
  await tried.putMany(ordered.toReversed().map((key) => [key, 0]));
  expect([...tried].map(([key]) => key)).toEqual(ordered);
});

test("a scan goes on with what was there at its call, whatever is written meanwhile", async () => {
  const tried = open<number>();
  await tried.putMany([1, 2, 3].map((key) => [key, 0]));
  const scan = tried.scan();
  await tried.putMany([
    [0, 1],
    [2, 1],
    [4, 1],
  ]);
  await tried.delete(3);
  expect([...scan]).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  expect([...tried].map(([key]) => key)).toEqual([0, 1, 2, 4]);
});

test("ten thousand entries that come and go in any order stay sorted", async () => {
  const tried = open<number>();
  const shuffled = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_007);
  for (const key of shuffled) void tried.put(key, key);
  for (const key of shuffled) if (key % 3 === 0) void tried.delete(key);
  const expected = shuffled.filter((key) => key % 3 !== 0).sort((a, b) => a - b);
  expect([...tried].map(([key]) => key)).toEqual(expected);
  expect([...tried.scan({ from: 500, to: 510, reverse: true })].map(([key]) => key)).toEqual(
    expected.filter((key) => key >= 500 && key < 510).reverse(),
  );
});

test.each([
  [{ limit: -1 }, "scan(): expected `limit` to be an integer from 0, got `-1` (number)"],
  [
    { prefix: 7 },
    "scan(): expected `prefix` to be text, or an array of the first parts of keys, got `7` (number)",
  ],
  [
    { from: {} },
    "scan(): expected `from` to be a key: a string, number, bigint, boolean, or an array of these, got an object (Object)",
  ],
  [{ form: 1 }, "scan(): unknown option `form`, did you mean `from`?"],
])("a range like %o is refused", (range, message) => {
  expect(() => open().scan(range as never)).toThrow(message);
});
