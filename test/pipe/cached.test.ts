// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import {
  CacheError,
  cached,
  filter,
  many,
  pipe,
  reject,
  retry,
  routeTo,
  StoreError,
  table as setTable,
  store,
  type TableKey,
} from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { describe, expect, test } from "vitest";
import { hops } from "../dispatch/deferred.js";
import { scriptedTable } from "./cache-tables.js";
import { inlineSession } from "./inline-session.js";
import { expectBalance, haltOf } from "./runs.js";

interface Raw {
  readonly n: number;
  readonly fate?: "raises" | "is set aside" | undefined;
}

interface Doubled {
  readonly n: number;
  readonly by: string;
}

const raws = (...numbers: number[]): Raw[] => numbers.map((n) => ({ n }));

const keyOf = ({ n }: Raw): TableKey => n;

/** Functions that note what they are given. */
function functions() {
  const given: number[][] = [];
  const one = (raw: Raw): unknown => {
    if (raw.fate === "raises") throw Object.assign(new Error(`${raw.n} is bad`), { name: "ValueError" });
    return raw.fate === "is set aside" ? reject(`${raw.n} has no label`) : { n: raw.n * 2, by: "python" };
  };
  return {
    given,
    double: async (all: Raw[]) => {
      given.push(all.map(({ n }) => n));
      await hops(3);
      return all.map(one);
    },
    double_one: (raw: Raw) => {
      given.push([raw.n]);
      return one(raw);
    },
    label: (all: Doubled[]) => all.map(({ n }) => `label ${n}`),
  };
}

/** `double` with a cache, alone or with `label` behind it. */
function doubling(
  cache: ReturnType<typeof cached<TableKey, Doubled, Raw>>,
  { size = 10, each = false, labels = false } = {},
) {
  const options = { module: "model", batch: { size } };
  const start = pipe<Raw>("p", { id: ({ n }) => n }).python<Doubled>("double", {
    ...options,
    function: each ? "double_one" : "double",
    each,
    cache,
  });
  return labels ? start.python<string>("label", { ...options, function: "label" }) : start;
}

async function sessionOf() {
  const { given, ...all } = functions();
  return { given, session: await inlineSession(all) };
}

describe.each([false, true])("a python stage with a cache (remote: %s)", (remote) => {
  test("computes what is not there, and keeps it, with one read and one write for each batch", async () => {
    const { session, given } = await sessionOf();
    const { table, kept, reads, writes, age } = scriptedTable<Doubled>({ remote });
    age(2, { n: 4, by: "hand" }, 5);
    const run = doubling(cached(table, keyOf)).run(raws(1, 2, 3), { session, clock: fakeClock() });
    const { outputs, stats } = await run.collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual([
      { n: 2, by: "python" },
      { n: 4, by: "hand" },
      { n: 6, by: "python" },
    ]);
    expect({ given, reads, writes: writes.map((all) => all.map(([key]) => key)) }).toEqual({
      given: [[1, 3]],
      reads: [[1, 2, 3]],
      writes: [[1, 3]],
    });
    expect([...kept.keys()].sort()).toEqual(["1", "2", "3"]);
    expect(stats.stages.double?.cache).toMatchObject({ hits: 1, misses: 2, shared: 0, oldestMs: 5 });
    expect(outputs.default.map(({ meta }) => meta.cache)).toEqual([
      { double: { hit: false } },
      { double: { hit: true, ageMs: 5 } },
      { double: { hit: false } },
    ]);
  });

  test("computes a key once in a batch, however many records have it", async () => {
    const { session, given } = await sessionOf();
    const { table } = scriptedTable<Doubled>({ remote });
    const { outputs, stats } = await doubling(cached(table, keyOf))
      .run(raws(1, 1, 2, 1), { session })
      .collect();
    expect(given).toEqual([[1, 2]]);
    expect(outputs.default.map(({ payload }) => (payload as Doubled).n)).toEqual([2, 2, 4, 2]);
    expect(stats.stages.double?.cache).toMatchObject({ hits: 0, misses: 2, shared: 2 });
  });

  test("computes each of 50 keys once for 20 runs at a time", async () => {
    const { given, ...all } = functions();
    const { table } = scriptedTable<Doubled>({ remote });
    const cache = cached(table, keyOf);
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const runs = Array.from({ length: 20 }, async (_, nth) => {
      const session = await inlineSession(all);
      const shifted = [...numbers.slice(nth * 2), ...numbers.slice(0, nth * 2)];
      const pipeline = doubling(cache, { size: 1 + (nth % 7), labels: nth % 2 === 1 });
      return pipeline.run(raws(...shifted), { session }).collect();
    });
    const collected = await Promise.all(runs);
    expect(given.flat().sort((a, b) => a - b)).toEqual(numbers);
    for (const { outputs, stats, ledger } of collected) {
      expect(outputs.default).toHaveLength(50);
      const { hits = 0, misses = 0, shared = 0 } = stats.stages.double?.cache ?? {};
      expect(hits + misses + shared).toBe(50);
      expectBalance(ledger);
    }
  });

  test("fails the records of a batch whose keys could not be read, by name", async () => {
    const { session, given } = await sessionOf();
    const { table, failing } = scriptedTable<Doubled>({ remote });
    failing.read = new Error("gone");
    const { rejected, stats } = await doubling(cached(table, keyOf))
      .onError("*", "reject")
      .run(raws(1, 2), { session })
      .collect();
    expect(rejected.map(({ reason }) => reason)).toEqual([
      "the cache of stage double could not be read: gone",
      "the cache of stage double could not be read: gone",
    ]);
    expect(rejected[0]?.error).toBeInstanceOf(CacheError);
    expect(given).toEqual([]);
    expect(stats.stages.double?.cache).toMatchObject({ failed: 2, misses: 0 });
  });

  test("fails the records whose results could not be kept, and no others", async () => {
    const { session } = await sessionOf();
    const { table, failing, age } = scriptedTable<Doubled>({ remote });
    age(2, { n: 4, by: "hand" }, 5);
    failing.write = new Error("full");
    const { rejected, outputs } = await doubling(cached(table, keyOf))
      .onError("*", "reject")
      .run(raws(1, 2), { session })
      .collect();
    expect(rejected).toMatchObject([
      { id: 1, reason: "the cache of stage double could not be written: full", stage: "double" },
    ]);
    expect(outputs.default).toHaveLength(1);
  });

  test("fails the records alone whose results the table refuses", async () => {
    const { session } = await sessionOf();
    const { table, failing, kept } = scriptedTable<Doubled>({ remote });
    failing.write = new Error("no room for a 6");
    failing.refuses = ({ n }) => n === 6;
    const { rejected, outputs } = await doubling(cached(table, keyOf))
      .onError("*", "reject")
      .run(raws(1, 2, 3, 4), { session })
      .collect();
    expect(rejected).toMatchObject([
      { id: 3, reason: "the cache of stage double could not be written: no room for a 6" },
    ]);
    expect(outputs.default.map(({ id }) => id)).toEqual([1, 2, 4]);
    expect([...kept.keys()].sort()).toEqual(["1", "2", "4"]);
  });

  test("writes no entry by itself when it is the store that fails", async () => {
    const { session } = await sessionOf();
    const { table, failing, writes } = scriptedTable<Doubled>({ remote });
    failing.write = new StoreError("s", "unreachable", "gone");
    const run = doubling(cached(table, keyOf))
      .onError("*", "reject")
      .run(raws(1, 2, 3), { session });
    expect((await run.collect()).rejected).toHaveLength(3);
    expect(writes).toHaveLength(1);
  });

  test("writes no more entries when the store fails while they are written one by one", async () => {
    const { session } = await sessionOf();
    const { table, failing, writes } = scriptedTable<Doubled>({ remote });
    failing.refuses = () => {
      failing.write =
        writes.length === 1 ? new Error("not these") : new StoreError("s", "unreachable", "gone");
      return writes.length !== 2;
    };
    const run = doubling(cached(table, keyOf))
      .onError("*", "reject")
      .run(raws(1, 2, 3, 4), { session });
    const { rejected, outputs } = await run.collect();
    expect(writes.map((entries) => entries.length)).toEqual([4, 1, 1]);
    expect([outputs.default.map(({ id }) => id), rejected.map(({ id }) => id)]).toEqual([[1], [2, 3, 4]]);
  });

  test("tries again what could not be read, by its policy", async () => {
    const { session } = await sessionOf();
    const { table, failing, reads } = scriptedTable<Doubled>({ remote });
    Object.assign(failing, { read: new Error("gone"), times: 1 });
    const policy = retry({ attempts: 2, backoff: 1, on: [CacheError], then: "reject" });
    const run = doubling(cached(table, keyOf)).onError("double", policy).run(raws(1), { session });
    const { outputs, stats } = await run.collect();
    expect([outputs.default.length, reads.length]).toEqual([1, 2]);
    expect(stats.stages.double?.cache).toMatchObject({ misses: 1, failed: 0 });
  });
});

test("a batch of nothing but hits makes no trip", async () => {
  const { session, given } = await sessionOf();
  const { table, age } = scriptedTable<Doubled>();
  for (const n of [1, 2]) age(n, { n: n * 2, by: "hand" }, 0);
  const run = doubling(cached(table, keyOf)).run(raws(1, 2), { session });
  let trips = 0;
  run.on("batch-start", () => {
    trips += 1;
  });
  await run.collect();
  expect({ given, trips }).toEqual({ given: [], trips: 0 });
});

test("of a fused stage hits come in at the second function, and only own misses come home", async () => {
  const { session, given } = await sessionOf();
  const { table, age, writes } = scriptedTable<Doubled>();
  age(2, { n: 40, by: "hand" }, 0);
  const run = doubling(cached(table, keyOf), { labels: true }).run(raws(1, 2, 3), { session });
  const sizes: number[] = [];
  run.on("batch-start", ({ size }) => sizes.push(size));
  const { outputs, ledger } = await run.collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(["label 2", "label 40", "label 6"]);
  expect({ given, sizes }).toEqual({ given: [[1, 3]], sizes: [3] });
  expect(writes).toEqual([
    [
      [1, { n: 2, by: "python" }],
      [3, { n: 6, by: "python" }],
    ],
  ]);
  expectBalance(ledger);
});

test.each([true, false])(
  "a record that is tried again because of a later stage came by its result as it did first (fuse: %s)",
  async (fuse) => {
    const { table, writes } = scriptedTable<Doubled>();
    let tries = 0;
    const { given: _, ...all } = functions();
    const session = await inlineSession({
      ...all,
      label_one: ({ n }: Doubled) => {
        tries += 1;
        if (tries === 1) throw Object.assign(new Error("not yet"), { name: "ConnectionError" });
        return `label ${n}`;
      },
    });
    const options = { module: "model" };
    const { outputs, stats, ledger } = await pipe<Raw>("p")
      .python<Doubled>("double", { ...options, function: "double", cache: cached(table, keyOf) })
      .python<string>("label", { ...options, function: "label_one", each: true, fuse })
      .onError("*", retry({ attempts: 2, backoff: 1, on: ["ConnectionError"], then: "reject" }))
      .run(raws(1), { session })
      .collect();
    expect(tries).toBe(2);
    expect(outputs.default).toMatchObject([
      { payload: "label 2", meta: { cache: { double: { hit: false } } } },
    ]);
    expect(stats.stages.double?.cache).toMatchObject({ hits: 0, misses: 1 });
    expect(writes).toHaveLength(1);
    expectBalance(ledger);
  },
);

test("a tap behind a fused stage is shown hits as well", async () => {
  const { session } = await sessionOf();
  const { table, age } = scriptedTable<Doubled>();
  age(2, { n: 40, by: "hand" }, 0);
  const seen: Doubled[] = [];
  const options = { module: "model" };
  await pipe<Raw>("p")
    .python<Doubled>("double", { ...options, function: "double", cache: cached(table, keyOf) })
    .tap("look", (doubled) => void seen.push(doubled))
    .python("label", { ...options, function: "label" })
    .run(raws(1, 2), { session })
    .collect();
  expect(seen).toEqual([
    { n: 2, by: "python" },
    { n: 40, by: "hand" },
  ]);
});

test("a part of a result is kept, and made a result again for each record", async () => {
  const { session } = await sessionOf();
  const { table, writes } = scriptedTable<number>();
  const cache = cached(table, keyOf, {
    keptOf: ({ n }: Doubled) => n,
    outputOf: (n, raw: Raw, { metadata }) => ({ n, by: `${metadata.who} for ${raw.n}` }),
  });
  const run = pipe<Raw>("p")
    .python<Doubled>("double", { module: "model", function: "double", cache })
    .run(raws(1, 1), { session, metadata: { who: "cache" } });
  const { outputs } = await run.collect();
  expect(writes).toEqual([[[1, 2]]]);
  expect(outputs.default.map(({ payload }) => payload)).toEqual([
    { n: 2, by: "python" },
    { n: 2, by: "cache for 1" },
  ]);
});

test.each([
  ["keyOf", { failed: 1, misses: 1 }],
  ["keptOf", { failed: 0, misses: 2 }],
  ["outputOf", { failed: 0, misses: 1, hits: 1 }],
])("a record for which `%s` throws fails in the stage, and nobody else", async (name, counts) => {
  const { session } = await sessionOf();
  const { table, age } = scriptedTable<Doubled>();
  if (name === "outputOf") age(7, { n: 14, by: "hand" }, 0);
  const broken = new RangeError("not seven");
  const failing = (where: string, n: number): void => {
    if (where === name && n === 7) throw broken;
  };
  const cache = cached(
    table,
    ({ n }: Raw) => {
      failing("keyOf", n);
      return n;
    },
    {
      keptOf: (output: Doubled) => {
        failing("keptOf", output.n / 2);
        return output;
      },
      outputOf: (value: Doubled) => {
        failing("outputOf", value.n / 2);
        return value;
      },
    },
  );
  const { outputs, rejected, ledger, stats } = await doubling(cache)
    .onError("*", "reject")
    .run(raws(1, 7), { session })
    .collect();
  expect(outputs.default.map(({ id }) => id)).toEqual([1]);
  expect(rejected).toMatchObject([{ id: 7, stage: "double", error: broken }]);
  expect(stats.stages.double?.cache).toMatchObject(counts);
  expectBalance(ledger);
});

test("a key that keyOf has written into one array each time is the key that it was then", async () => {
  const { session } = await sessionOf();
  const { doubled } = store("s", { doubled: setTable<readonly [string, number], Doubled>() });
  const key: [string, number] = ["n", 0];
  const cache = cached(doubled, ({ n }: Raw) => {
    key[1] = n;
    return key;
  });
  const built = doubling(cache as never);
  for (const _ of ["computed", "found"]) {
    const { outputs } = await built.run(raws(1, 2, 3), { session }).collect();
    expect(outputs.default.map(({ payload }) => (payload as Doubled).n)).toEqual([2, 4, 6]);
    expect(Array.from(doubled, ([each]) => each)).toEqual([
      ["n", 1],
      ["n", 2],
      ["n", 3],
    ]);
  }
});

test("a key that is none fails its record, and under halt the run", async () => {
  const { session } = await sessionOf();
  const { table } = scriptedTable<Doubled>();
  const cache = cached(table, () => ({}) as TableKey);
  const halted = await haltOf(doubling(cache).run(raws(1), { session }));
  expect(halted.stage).toBe("double");
  expect((halted.cause as Error).message).toContain("expected a key to be a string, number, bigint, boolean");
});

describe("what is over age", () => {
  const setUp = async (overAge: "recompute" | "mark" | undefined) => {
    const { session, given } = await sessionOf();
    const { table, age } = scriptedTable<Doubled>();
    age(1, { n: 10, by: "hand" }, 999);
    age(2, { n: 20, by: "hand" }, 1_001);
    age(3, { n: 30, by: "hand" }, 0, true);
    const cache = cached(table, keyOf, { maxAge: "1s", overAge });
    const collected = await doubling(cache)
      .run(raws(1, 2, 3), { session, clock: fakeClock() })
      .collect();
    return { given, ...collected, payloads: collected.outputs.default.map(({ payload }) => payload) };
  };

  test.each([undefined, "recompute"] as const)("is computed anew (%s)", async (overAge) => {
    const { payloads, given, stats, outputs } = await setUp(overAge);
    expect(given).toEqual([[2, 3]]);
    expect(payloads).toMatchObject([{ n: 10 }, { n: 4 }, { n: 6 }]);
    expect(stats.stages.double?.cache).toMatchObject({
      hits: 1,
      misses: 2,
      overAge: 1,
      recomputed: 1,
      marked: 0,
    });
    expect(outputs.default[1]?.meta.cache).toEqual({ double: { hit: false } });
  });

  test("is used and marked", async () => {
    const { payloads, given, stats, outputs } = await setUp("mark");
    expect(given).toEqual([[3]]);
    expect(payloads).toMatchObject([{ n: 10 }, { n: 20 }, { n: 6 }]);
    expect(stats.stages.double?.cache).toEqual({
      hits: 2,
      misses: 1,
      shared: 0,
      negative: 0,
      routed: 0,
      failed: 0,
      overAge: 1,
      recomputed: 0,
      marked: 1,
      oldestMs: 1_001,
    });
    expect(outputs.default.map(({ meta }) => meta.cache)).toEqual([
      { double: { hit: true, ageMs: 999 } },
      { double: { hit: true, ageMs: 1_001, overAge: true } },
      { double: { hit: false } },
    ]);
  });

  test.each([true, false])("goes to an output, with the payload of the stage (fuse: %s)", async (fuse) => {
    const { session, given } = await sessionOf();
    const { table, age } = scriptedTable<Doubled>();
    age(2, { n: 20, by: "hand" }, 1_001);
    const options = { module: "model" };
    const cache = cached(table, keyOf, { maxAge: "1s", overAge: routeTo("review") });
    const run = pipe<Raw>("p")
      .python<Doubled, "review">("double", { ...options, function: "double", cache })
      .python<string>("label", { ...options, function: "label", fuse })
      .run(raws(1, 2), { session, clock: fakeClock() });
    const { outputs, ledger, stats } = await run.collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(["label 2"]);
    expect(outputs.review).toMatchObject([
      {
        payload: { n: 2 },
        route: "review",
        meta: { cache: { double: { hit: false, overAge: true, ageMs: 1_001 } } },
      },
    ]);
    expect(given).toEqual([[1]]);
    expect(stats.stages.double?.cache).toMatchObject({ routed: 1, misses: 1, overAge: 1 });
    expect(ledger.stages).toMatchObject({
      double: { in: 2, out: 2, leftEarly: 1 },
      label: { in: 1, out: 1 },
    });
    expectBalance(ledger);
  });

  test("and cannot be computed anew fails its record: the old value is not used", async () => {
    const { session } = await sessionOf();
    const { table, age } = scriptedTable<Doubled>();
    age(2, { n: 20, by: "hand" }, 1_001);
    const cache = cached(table, keyOf, { maxAge: "1s" });
    const { rejected, outputs } = await doubling(cache)
      .onError("*", "reject")
      .run([{ n: 2, fate: "raises" }], { session })
      .collect();
    expect(rejected).toMatchObject([{ id: 2 }]);
    expect(outputs.default).toEqual([]);
  });
});

describe("what was rejected", () => {
  const bad: Raw = { n: 1, fate: "is set aside" };

  test("is computed again, where nothing is said of it", async () => {
    const { session, given } = await sessionOf();
    const { table, kept } = scriptedTable<Doubled>();
    const cache = cached(table, keyOf);
    const run = () => doubling(cache).run([bad], { session }).collect();
    await run();
    const { rejected } = await run();
    expect(rejected).toMatchObject([{ reason: "1 has no label" }]);
    expect({ given, kept: kept.size }).toEqual({ given: [[1], [1]], kept: 0 });
  });

  test.each<[string, Raw, boolean]>([
    ["by Rejected", bad, false],
    ["because it raised", { n: 1, fate: "raises" }, true],
    ["because it raised, with its batch", { n: 1, fate: "raises" }, false],
  ])("%s is rejected with the same reason for a while", async (_, record, each) => {
    const { session, given } = await sessionOf();
    const { table } = scriptedTable<Doubled>();
    const clock = fakeClock();
    const cache = cached(table, keyOf, { negative: { ttl: "1m" } });
    const run = () =>
      doubling(cache, { each, size: 1 }).onError("*", "reject").run([record], { session, clock }).collect();
    const [first, second] = [await run(), await run()];
    expect(given).toEqual([[1]]);
    expect(second.rejected[0]?.reason).toBe(first.rejected[0]?.reason);
    expect(second.rejected[0]?.reason).toMatch(/1 has no label|1 is bad/);
    expect(second.stats.stages.double?.cache).toMatchObject({ negative: 1, misses: 0 });
    await clock.advance(60_000);
    await run();
    expect(given).toEqual([[1], [1]]);
  });

  test("takes memory when it is remembered, and not for all that may be", async () => {
    const { session, given } = await sessionOf();
    const { table } = scriptedTable<Doubled>();
    const negative = { ttl: "1m", maxEntries: Number.MAX_SAFE_INTEGER } as const;
    const cache = cached(table, keyOf, { negative });
    for (const _ of ["computed", "known"]) await doubling(cache).run([bad], { session }).collect();
    expect(given).toEqual([[1]]);
  });

  test("is forgotten when more keys are than are remembered", async () => {
    const { session, given } = await sessionOf();
    const { table } = scriptedTable<Doubled>();
    const cache = cached(table, keyOf, { negative: { ttl: "1m", maxEntries: 1 } });
    for (const n of [1, 2, 1])
      await doubling(cache)
        .run([{ ...bad, n }], { session })
        .collect();
    expect(given).toEqual([[1], [2], [1]]);
  });

  test("does not keep others with its key from being computed, in two tries of the batch", async () => {
    const { session, given } = await sessionOf();
    const { table } = scriptedTable<Doubled>();
    const records = [bad, { n: 1 }, { n: 1 }, { n: 2 }];
    const { outputs, rejected } = await doubling(cached(table, keyOf)).run(records, { session }).collect();
    expect(given).toEqual([
      [1, 2],
      [1, 1],
    ]);
    expect([outputs.default.length, rejected.length]).toEqual([3, 1]);
  });
});

test("a batch that fails lets go of its keys: those who wait compute them", async () => {
  const { table } = scriptedTable<Doubled>();
  const cache = cached(table, keyOf);
  const { session } = await sessionOf();
  const [first, second] = await Promise.all([
    haltOf(doubling(cache).run([{ n: 1 }, { n: 2, fate: "raises" }], { session })),
    doubling(cache).run(raws(1, 2), { session }).collect(),
  ]);
  expect(first.stage).toBe("double");
  expect(second.outputs.default).toHaveLength(2);
});

test("a run that is aborted while it waits for another ends", async () => {
  const { table } = scriptedTable<Doubled>();
  const cache = cached(table, keyOf);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const session = await inlineSession({
    double: async (all: Raw[]) => {
      await held;
      return all.map(({ n }) => ({ n: n * 2, by: "python" }));
    },
  });
  const holder = doubling(cache).run(raws(1), { session }).collect();
  await new Promise((resolve) => setImmediate(resolve));
  const aborting = new AbortController();
  const waiter = doubling(cache).run(raws(1), { session, signal: aborting.signal });
  const waiting = waiter.collect().catch((error: unknown) => error);
  await new Promise((resolve) => setImmediate(resolve));
  aborting.abort(new Error("enough"));
  await waiting;
  expect((await waiter.done).status).toBe("aborted");
  release();
  expect((await holder).outputs.default).toHaveLength(1);
});

describe.each([
  [1, false],
  [4, false],
  [4, true],
])("a node stage with a cache (concurrency %i, remote: %s)", (concurrency, remote) => {
  const setUp = (run: (raw: Raw) => unknown) => {
    const given: number[] = [];
    const scripted = scriptedTable<Doubled>({ remote });
    const built = pipe<Raw>("p", { id: ({ n }) => n }).node(
      "double",
      (raw) => {
        given.push(raw.n);
        return run(raw) as Doubled;
      },
      { cache: cached(scripted.table, keyOf), concurrency },
    );
    return { given, built, ...scripted };
  };

  test("calls its function for what is not there, once for each key", async () => {
    const { given, built, age } = setUp(async ({ n }) => ({ n: n * 2, by: "node" }));
    age(2, { n: 4, by: "hand" }, 5);
    const { outputs, stats } = await built.run(raws(1, 2, 1, 3)).collect();
    expect(outputs.default.map(({ payload }) => payload.by)).toEqual(["node", "hand", "node", "node"]);
    expect(given.sort()).toEqual([1, 3]);
    const { hits = 0, shared = 0, misses } = stats.stages.double?.cache ?? {};
    expect([hits + shared, misses]).toEqual([2, 2]);
  });

  test.each([
    ["reject()", () => reject("no"), { rejected: 2 }],
    ["filter()", () => filter("no"), { filtered: 2 }],
    ["many()", ({ n }: Raw) => many([{ n, by: "many" }]), { out: 2 }],
    ["routeTo()", () => routeTo("elsewhere"), { out: 2 }],
    [
      "an exception",
      () => {
        throw new Error("no");
      },
      { rejected: 2 },
    ],
  ])("keeps nothing of %s", async (_, result, book) => {
    const { given, built, kept } = setUp(result);
    const { ledger } = await built.onError("*", "reject").run(raws(1, 1)).collect();
    expect({ given, kept: kept.size }).toEqual({ given: [1, 1], kept: 0 });
    expect(ledger).toMatchObject(book);
    expectBalance(ledger);
  });
});

describe("is refused when the pipe is built", () => {
  const { table } = scriptedTable<Doubled>();
  const cache = cached(table, keyOf);
  const call = { module: "model", function: "double" };

  test.each([
    ["columns", "expected no `cache` beside `columns`, whose results are no rows"],
    ["stateful", "expected no `cache` beside `stateful`, whose results depend on the batches before"],
  ])("beside %s", (option, message) => {
    expect(() => pipe<Raw>("p").python<Doubled>("double", { ...call, cache, [option]: true })).toThrow(
      message,
    );
  });

  test("where it is not what cached() gives", () => {
    expect(() => pipe<Raw>("p").python("double", { ...call, cache: table as never })).toThrow(
      "expected `cache` to be what cached(table, keyOf) gives",
    );
  });
});

test.each<[string, () => unknown, string]>([
  [
    "no table",
    () => cached(new Map() as never, () => 1),
    "a set or ordered table of a store, or a remote table",
  ],
  ["no function", () => cached(scriptedTable().table, 1 as never), "expected `keyOf` to be a function"],
  [
    "an option that it does not know",
    () => cached(scriptedTable().table, () => 1, { ttl: 1 } as never),
    "unknown option `ttl`",
  ],
  [
    "`overAge` without `maxAge`",
    () => cached(scriptedTable().table, () => 1, { overAge: "mark" }),
    "expected `overAge` to be left out where there is no `maxAge`",
  ],
  [
    "`keptOf` without `outputOf`",
    () => cached(scriptedTable().table, () => 1, { keptOf: () => 1 } as never),
    "expected `outputOf` to be a function beside `keptOf`",
  ],
])("cached() refuses %s", (_, make, message) => {
  expect(make).toThrow(message);
});
