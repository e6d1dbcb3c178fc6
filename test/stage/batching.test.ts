import { expect, test } from "vitest";
import { OptionsError } from "../../src/errors/options.js";
import {
  adaptive,
  type Batching,
  fixed,
  isBatching,
  keyed,
  microBatch,
  weighted,
} from "../../src/stage/batching.js";
import type { Item } from "../../src/stage/item.js";

type Untyped = Record<
  "fixed" | "weighted" | "keyed" | "microBatch" | "adaptive",
  (argument?: unknown) => unknown
>;

const untyped = { fixed, weighted, keyed, microBatch, adaptive } as unknown as Untyped;

const one = (): number => 1;

test("each says what it is, as plain data", () => {
  const made = [
    fixed(10),
    weighted({ maxWeight: 2.5, weight: one }),
    keyed({ key: one }),
    microBatch({ maxWait: "20ms" }),
    adaptive({ latency: "1s" }),
  ];
  expect(made.map(({ create, ...plain }) => plain)).toEqual([
    { name: "fixed", size: 10, settings: { size: 10 } },
    { name: "weighted", settings: { maxWeight: 2.5 } },
    { name: "keyed", size: 250, settings: { size: 250 }, keepsOrder: true },
    { name: "microBatch", size: 250, settings: { maxSize: 250, maxWaitMs: 20 } },
    { name: "adaptive", size: 10_000, settings: { latencyMs: 1_000, minSize: 1, maxSize: 10_000 } },
  ]);
});

test("what was given holds in place of the defaults", () => {
  expect(keyed({ key: one, size: 3 }).size).toBe(3);
  expect(microBatch({ maxWait: 5, maxSize: 4 }).settings).toEqual({ maxSize: 4, maxWaitMs: 5 });
  expect(adaptive({ latency: 5, minSize: 2, maxSize: 2 }).settings).toEqual({
    latencyMs: 5,
    minSize: 2,
    maxSize: 2,
  });
});

test("a description cannot be changed", () => {
  const batching = fixed(10);
  expect(Object.isFrozen(batching)).toBe(true);
  expect(Object.isFrozen(batching.settings)).toBe(true);
});

/** The payloads of the batches that a batching makes of some. */
function batchesOf<Payload>(batching: Batching<Payload>, payloads: readonly Payload[]): Payload[][] {
  const strategy = batching.create();
  for (const [position, payload] of payloads.entries()) {
    const record: Item<Payload> = { id: position, payload, meta: {}, route: "default", input: payload };
    strategy.add({ record, bytes: 8, since: 0 });
  }
  const batches: Payload[][] = [];
  for (let turn = 0; turn <= payloads.length; turn++) {
    const batch = strategy.next({ now: 100, flush: true });
    if (batch !== undefined) batches.push(batch.map(({ record }) => record.payload as Payload));
  }
  return batches;
}

test("each makes a strategy that does what it says", () => {
  const words = ["a", "bb", "a", "ccc", "bb"];
  const text = (word: string): string => word;
  expect(batchesOf(fixed(2), words)).toEqual([["a", "bb"], ["a", "ccc"], ["bb"]]);
  expect(batchesOf(weighted({ maxWeight: 4, weight: (word: string) => word.length }), words)).toEqual([
    ["a", "bb", "a"],
    ["ccc"],
    ["bb"],
  ]);
  expect(batchesOf(keyed({ key: text, size: 9 }), words)).toEqual([["a", "a"], ["bb", "bb"], ["ccc"]]);
  expect(batchesOf(microBatch({ maxSize: 3, maxWait: "1s" }), words)).toEqual([
    ["a", "bb", "a"],
    ["ccc", "bb"],
  ]);
  expect(batchesOf(adaptive({ latency: "1s", maxSize: 4 }), words)).toEqual([
    ["a", "bb", "a", "ccc"],
    ["bb"],
  ]);
});

test("the functions get the item, too", () => {
  const odd = ({ id }: Item<string>): boolean => Number(id) % 2 === 1;
  const words = ["a", "b", "c", "d"];
  expect(batchesOf(keyed({ key: (_: string, item) => odd(item) }), words)).toEqual([
    ["a", "c"],
    ["b", "d"],
  ]);
  const heavy = weighted({ maxWeight: 2, weight: (_: string, item) => (odd(item) ? 3 : 1) });
  expect(batchesOf(heavy, words)).toEqual([["a"], ["b"], ["c"], ["d"]]);
});

test("each run's stage has a strategy of its own", () => {
  const batching = fixed(2);
  batchesOf(batching, ["a"]);
  batching.create().add({
    record: { id: 0, payload: "b", meta: {}, route: "default", input: "b" },
    bytes: 8,
    since: 0,
  });
  expect(batching.create().next({ now: 0, flush: true })).toBeUndefined();
});

test.each<[string, () => unknown, string]>([
  ["no size", () => untyped.fixed(), "fixed(): expected `size` to be a positive integer, got `undefined`"],
  ["size 0", () => untyped.fixed(0), "fixed(): expected `size` to be a positive integer, got `0`"],
  [
    "a bound of 0",
    () => untyped.weighted({ maxWeight: 0, weight: one }),
    "weighted(): expected `maxWeight` to be a number above 0, got `0` (number)",
  ],
  [
    "no bound at all",
    () => untyped.weighted({ maxWeight: Number.POSITIVE_INFINITY, weight: one }),
    "expected `maxWeight` to be a number above 0, got `Infinity`",
  ],
  [
    "no function",
    () => untyped.weighted({ maxWeight: 3, weight: "length" }),
    "expected `weight` to be a function from a payload to its weight, got",
  ],
  [
    "an option that does not exist",
    () => untyped.weighted({ maxWeigth: 3, weight: one }),
    "unknown option `maxWeigth`, did you mean `maxWeight`?",
  ],
  [
    "a name in place of a function",
    () => untyped.keyed({ key: "tenant" }),
    "expected `key` to be a function",
  ],
  ["a broken size", () => untyped.keyed({ key: one, size: 1.5 }), "expected `size` to be a positive integer"],
  ["no wait", () => untyped.microBatch({ maxSize: 3 }), "microBatch(): expected `maxWait` to be a duration"],
  ["no options", () => untyped.microBatch(), "microBatch(): expected the options to be an object"],
  ["no bound on time", () => untyped.adaptive({}), "adaptive(): expected `latency` to be a duration"],
  [
    "the smallest above the greatest",
    () => untyped.adaptive({ latency: 5, minSize: 20_000 }),
    "expected `minSize` to be at most `maxSize` (default 10,000), got `20000` (number)",
  ],
  [
    "an option of another",
    () => untyped.adaptive({ latency: 5, size: 3 }),
    "unknown option `size`, expected one of `latency`, `minSize`, `maxSize`",
  ],
])("refused by name: %s", (_, call, message) => {
  expect(call).toThrow(OptionsError);
  expect(call).toThrow(message);
});

test("what has a name and makes strategies is a batching", () => {
  for (const batching of [fixed(1), { name: "own", create: one }]) expect(isBatching(batching)).toBe(true);
  for (const other of [
    undefined,
    null,
    {},
    250,
    "fixed",
    fixed,
    { create: one },
    { name: "", create: one },
    { name: "own" },
  ])
    expect(isBatching(other)).toBe(false);
});
