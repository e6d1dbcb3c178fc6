import { bagTable, orderedTable, StoreError, store, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { ScriptedBackend } from "./scripted-backend.js";

const definitions = {
  vectors: table<string, number>(),
  days: orderedTable<number, string>(),
  tags: bagTable<string, string>(),
};

async function open() {
  const backend = new ScriptedBackend();
  const features = store("features", definitions, { backend });
  await features.vectors.putMany([
    ["a", 1],
    ["b", 1],
  ]);
  await features.days.put(1, "old");
  await features.tags.put("a", "old");
  backend.commits.length = 0;
  return { backend, features };
}

const everything = ({ vectors, days, tags }: Awaited<ReturnType<typeof open>>["features"]) => [
  [...vectors],
  [...days],
  [...tags],
];

test("a load puts what it filled in the place of all tables, in one commit", async () => {
  const { backend, features } = await open();
  await features.load(async (fresh) => {
    fresh.vectors.put("c", 2);
    await new Promise(setImmediate);
    fresh.vectors.putMany([["d", 3]]);
    fresh.tags.putMany([
      ["a", "x"],
      ["a", "y"],
    ]);
    fresh.tags.put("a", "z");
  });
  const loaded = [
    [
      ["c", 2],
      ["d", 3],
    ],
    [],
    [
      ["a", "x"],
      ["a", "y"],
      ["a", "z"],
    ],
  ];
  expect(everything(features)).toEqual(loaded);
  expect(features.tags.size).toBe(3);
  expect(backend.commits).toHaveLength(1);
  expect(backend.commits[0]?.filter(({ kind }) => kind === "clear")).toHaveLength(3);
  expect(everything(store("features", definitions, { backend }))).toEqual(loaded);
});

test("without a function, load uses the one of the store; without any it says so", async () => {
  let count = 0;
  const features = store(
    "features",
    { vectors: table<string, number>() },
    {
      load: (fresh) => {
        count += 1;
        fresh.vectors.put("n", count);
      },
    },
  );
  expect(features.vectors.size).toBe(0);
  await features.load();
  await features.load();
  expect(features.vectors.get("n")).toBe(2);
  const bare = store("bare", { vectors: table<string, number>() });
  await expect(bare.load()).rejects.toThrow(
    "store bare: load(): expected a function that fills the tables, here or as the store's option `load`, got `undefined`",
  );
});

test("who reads while a load runs reads what was there, and a scan goes on with it after the swap", async () => {
  const { features } = await open();
  const [vectors, days] = [features.vectors.scan(), features.days.scan()];
  expect(vectors.next().value).toEqual(["a", 1]);
  await features.load(async (fresh) => {
    fresh.vectors.put("c", 2);
    await new Promise(setImmediate);
    expect(everything(features)[0]).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
  });
  expect([[...vectors], [...days]]).toEqual([[["b", 1]], [[1, "old"]]]);
});

test("a load that fails changes nothing, and is told with its cause", async () => {
  const { backend, features } = await open();
  const before = everything(features);
  const cause = new Error("no connection");
  const failing = features.load(async (fresh) => {
    fresh.vectors.put("c", 2);
    await new Promise(setImmediate);
    throw cause;
  });
  await expect(failing).rejects.toThrow(StoreError);
  await expect(failing).rejects.toMatchObject({
    reason: "load-failed",
    cause,
    message: "store features: the load failed, and the tables are as they were: no connection",
  });
  expect([everything(features), backend.commits]).toEqual([before, []]);
  await features.load((fresh) => fresh.vectors.put("c", 2));
  expect(features.vectors.get("c")).toBe(2);
});

test("a second load while one runs is refused, and the first goes on", async () => {
  const { features } = await open();
  const first = features.load(async (fresh) => {
    await new Promise(setImmediate);
    fresh.vectors.put("first", 1);
  });
  await expect(features.load(() => {})).rejects.toMatchObject({ reason: "load-running" });
  await first;
  expect([...features.vectors]).toEqual([["first", 1]]);
});

test("what is written while a load runs is there at once, and after the swap over what was loaded", async () => {
  const { features, backend } = await open();
  await features.load(async (fresh) => {
    fresh.vectors.putMany(["a", "b", "c", "d", "e"].map((key) => [key, 10]));
    fresh.tags.putMany([
      ["a", "x"],
      ["b", "x"],
      ["c", "x"],
    ]);
    await features.vectors.put("a", 2);
    await features.vectors.update("b", (present = 0) => present + 1);
    expect(await features.vectors.delete("c")).toBe(false);
    await features.transaction(({ vectors, tags }) => {
      vectors.put("d", 3);
      tags.put("a", "y");
      tags.put("a", "z");
    });
    await features.tags.delete("b");
    await features.tags.delete("c", "x");
    expect([features.vectors.get("a"), features.vectors.get("b"), features.tags.get("a")]).toEqual([
      2,
      2,
      ["old", "y", "z"],
    ]);
  });
  const expected = [
    [
      ["a", 2],
      ["b", 2],
      ["d", 3],
      ["e", 10],
    ],
    [],
    [
      ["a", "x"],
      ["a", "y"],
      ["a", "z"],
    ],
  ];
  expect(everything(features)).toEqual(expected);
  expect(everything(store("features", definitions, { backend }))).toEqual(expected);
});

test("a second load does not get the writes of the first", async () => {
  const { features } = await open();
  await features.load(async () => {
    await features.vectors.put("a", 2);
  });
  await features.load(() => {});
  expect(features.vectors.size).toBe(0);
});

test("a load that begins while the commit of the last runs loses no write", async () => {
  const { features, backend } = await open();
  let keep: (() => void) | undefined;
  backend.script = (changes) =>
    changes[0]?.kind === "clear" && keep === undefined
      ? new Promise((resolve) => {
          keep = resolve;
        })
      : undefined;
  const first = features.load(() => {});
  await expect.poll(() => keep).toBeDefined();
  const second = features.load(async () => {
    keep?.();
    await first;
    await features.vectors.put("z", 9);
  });
  await second;
  expect(features.vectors.get("z")).toBe(9);
});

test("ages of what was loaded count from the call", async () => {
  const clock = fakeClock();
  const features = store("features", { vectors: table<string, number>({ ttl: "10s" }) }, { clock });
  await features.load(async (fresh) => {
    await clock.advance("4s");
    fresh.vectors.put("loaded", 1);
    await clock.advance("1s");
    await features.vectors.put("written", 2);
    await clock.advance("1s");
  });
  expect(
    features.vectors.getMany(["loaded", "written"], { allowExpired: true }).map((each) => each?.ageMs),
  ).toEqual([6_000, 1_000]);
  await clock.advance("4s");
  expect([features.vectors.get("loaded"), features.vectors.get("written"), features.vectors.size]).toEqual([
    undefined,
    2,
    1,
  ]);
  await clock.advance("20s");
  expect(clock.waiting).toBe(0);
});

test("what was loaded expires on time, although what it replaced would have expired later", async () => {
  const clock = fakeClock();
  const features = store("features", { vectors: table<string, number>({ ttl: "10s" }) }, { clock });
  await features.load(async (fresh) => {
    fresh.vectors.put("loaded", 1);
    await clock.advance("5s");
    await features.vectors.put("written", 2);
  });
  const changes = features.vectors.watch();
  await clock.advance("5s");
  await features.close();
  const seen: unknown[] = [];
  for await (const { kind, key } of changes) seen.push([kind, key]);
  expect(seen).toEqual([["expire", "loaded"]]);
});

test("a bound holds for what is loaded", async () => {
  const features = store("features", { vectors: table<number, number>({ maxEntries: 2 }) });
  await features.load((fresh) => fresh.vectors.putMany([1, 2, 3].map((key) => [key, key])));
  expect([...features.vectors.scan()].map(([key]) => key)).toEqual([2, 3]);
});

test("tables that a load has filled take nothing after it, nor after it failed", async () => {
  const { features } = await open();
  let late: (() => void)[] = [];
  await features.load((fresh) => {
    late = [...late, () => fresh.vectors.put("late", 1)];
  });
  await features
    .load((fresh) => {
      late = [...late, () => fresh.tags.put("late", "1")];
      throw new Error("no");
    })
    .catch(() => {});
  for (const put of late)
    expect(put).toThrow("load(): expected the tables to be filled before the function ends");
  expect(features.vectors.has("late")).toBe(false);
});

test("a store that is closed while it is loaded stays as it was", async () => {
  const { features, backend } = await open();
  const loading = features.load(async (fresh) => {
    fresh.vectors.put("c", 2);
    await features.close();
  });
  await expect(loading).rejects.toMatchObject({ reason: "closed" });
  expect([features.vectors.has("c"), backend.commits]).toEqual([false, []]);
});

test("under loads, readers see one version of all tables, never two, never none", async () => {
  const pair = store("pair", { left: table<number, number>(), right: orderedTable<number, number>() });
  const fill =
    (version: number) =>
    async (fresh: {
      left: { put(key: number, value: number): void };
      right: { put(key: number, value: number): void };
    }) => {
      for (let key = 0; key < 50; key += 1) {
        fresh.left.put(key, version);
        if (key % 10 === 0) await new Promise(setImmediate);
        fresh.right.put(key, version);
      }
    };
  await pair.load(fill(0));
  let isDone = false;
  const seen = new Set<number>();
  const reading = (async () => {
    while (!isDone) {
      const versions = new Set([...pair.left, ...pair.right].map(([, version]) => version));
      expect([versions.size, pair.left.size, pair.right.size]).toEqual([1, 50, 50]);
      for (const version of versions) seen.add(version);
      await new Promise(setImmediate);
    }
  })();
  for (let version = 1; version <= 20; version += 1) await pair.load(fill(version));
  isDone = true;
  await reading;
  expect(seen.size).toBeGreaterThan(10);
});
