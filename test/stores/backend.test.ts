import { bagTable, type StoreBackend, StoreError, store, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { ScriptedBackend } from "./scripted-backend.js";

const definitions = { labels: table<string, number>(), tags: bagTable<string, string>() };

test("every write is one commit, with its time; what changes nothing is none", async () => {
  const [backend, clock] = [new ScriptedBackend(), fakeClock()];
  const features = store("features", definitions, { backend, clock });
  await clock.advance(5);
  await features.labels.put("a", 1);
  await features.labels.putMany([
    ["b", 2],
    ["c", 3],
  ]);
  await features.labels.update("a", (present = 0) => present + 1);
  await features.labels.delete("b");
  await features.labels.delete("b");
  await features.labels.putMany([]);
  await features.labels.compareAndSet("a", 7, 8);
  await features.labels.compareAndSet("a", 2, 8);
  await features.tags.put("a", "x");
  await features.tags.put("a", "y");
  await features.tags.delete("a", "x");
  await features.tags.delete("a", "x");
  await features.tags.delete("a");
  const put = (tableName: string, key: string, value: unknown) => ({
    kind: "put",
    table: tableName,
    key,
    value,
    writtenAt: 5,
  });
  expect(backend.opened).toEqual([{ store: "features", tables: ["labels", "tags"] }]);
  expect(backend.commits).toEqual([
    [put("labels", "a", 1)],
    [put("labels", "b", 2), put("labels", "c", 3)],
    [put("labels", "a", 2)],
    [{ kind: "delete", table: "labels", key: "b" }],
    [put("labels", "a", 8)],
    [put("tags", "a", ["x"])],
    [put("tags", "a", ["x", "y"])],
    [put("tags", "a", ["y"])],
    [{ kind: "delete", table: "tags", key: "a" }],
  ]);
});

test("what was kept is there when the store is opened again", async () => {
  const backend = new ScriptedBackend();
  const first = store("features", definitions, { backend });
  await first.labels.putMany([
    ["a", 1],
    ["b", 2],
  ]);
  await first.tags.putMany([
    ["a", "x"],
    ["a", "y"],
  ]);
  await first.close();
  const again = store("features", definitions, { backend });
  expect([[...again.labels], again.tags.get("a"), again.tags.size]).toEqual([
    [...first.labels],
    ["x", "y"],
    2,
  ]);
});

test("what was kept of a table that is not declared any more stays where it is", async () => {
  const backend = new ScriptedBackend();
  const first = store("features", definitions, { backend });
  await first.labels.put("a", 1);
  await first.tags.put("a", "x");
  const other = store("features", { tags: bagTable<string, string>() }, { backend });
  await other.load(() => {});
  expect(backend.kept.map((entry) => entry.table)).toEqual(["labels"]);
});

test("a write is there at once, and its promise resolves when it is kept", async () => {
  let keep: (() => void) | undefined;
  const backend = new ScriptedBackend(
    () =>
      new Promise((resolve) => {
        keep = resolve;
      }),
  );
  const { labels } = store("features", definitions, { backend });
  let isKept = false;
  const writing = labels.put("a", 1).then(() => {
    isKept = true;
  });
  await new Promise(setImmediate);
  expect([labels.get("a"), isKept]).toEqual([1, false]);
  keep?.();
  await writing;
  expect(isKept).toBe(true);
});

test.each<[string, unknown, string]>([
  [
    "a StoreError, without its store",
    new StoreError("features", "write-failed", "/data is full"),
    "/data is full",
  ],
  ["what is no error", { code: 28 }, "an object (Object)"],
])("a write that could not be kept says why, of %s", async (_, cause, why) => {
  const features = store("features", definitions, {
    backend: new ScriptedBackend(() => Promise.reject(cause)),
  });
  await expect(features.labels.put("a", 1)).rejects.toThrow(
    `store features: a write could not be kept (${why});`,
  );
});

test("after a write that could not be kept, the store takes no more of them, by name, and reads go on", async () => {
  const cause = new Error("disk full");
  const backend = new ScriptedBackend((_, commit) => (commit === 1 ? Promise.reject(cause) : undefined));
  const features = store("features", definitions, { backend });
  await features.labels.put("a", 1);
  await expect(features.labels.put("b", 2)).rejects.toMatchObject({
    constructor: StoreError,
    reason: "write-failed",
    cause,
    message:
      "store features: a write could not be kept (disk full); memory has it, and the store takes no more writes until it is opened again",
  });
  const refused = {
    reason: "write-failed",
    cause,
    message:
      "store features: takes no more writes, because one could not be kept (disk full); close it and open it again",
  };
  await expect(features.labels.put("c", 3)).rejects.toMatchObject(refused);
  await expect(features.labels.update("a", () => 2)).rejects.toMatchObject(refused);
  await expect(features.labels.delete("a")).rejects.toMatchObject(refused);
  await expect(features.labels.compareAndSet("a", 1, 2)).rejects.toMatchObject(refused);
  await expect(features.tags.put("a", "x")).rejects.toMatchObject(refused);
  await expect(features.transaction(({ labels }) => labels.put("c", 3))).rejects.toMatchObject(refused);
  await expect(features.load(() => {})).rejects.toMatchObject(refused);
  expect([...features.labels]).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  expect(backend.commits).toHaveLength(2);
  await features.close();
  const again = store("features", definitions, { backend });
  await again.labels.put("c", 3);
  expect([...again.labels]).toEqual([
    ["a", 1],
    ["c", 3],
  ]);
});

test("a value that the backend refuses at once changes nothing, and the store goes on", async () => {
  const refusal = new TypeError("no functions");
  const backend = new ScriptedBackend((changes) => {
    if (changes.some((change) => change.kind === "put" && change.value === 13)) throw refusal;
  });
  const features = store("features", definitions, { backend });
  await features.labels.put("a", 1);
  const changes = features.labels.watch();
  await expect(features.labels.put("a", 13)).rejects.toBe(refusal);
  await expect(features.labels.putMany(new Map(Object.entries({ b: 2, c: 13 })))).rejects.toBe(refusal);
  await expect(
    features.transaction(({ labels, tags }) => [tags.put("a", "x"), labels.put("a", 13)]),
  ).rejects.toBe(refusal);
  await expect(features.load((fresh) => fresh.labels.put("n", 13))).rejects.toMatchObject({
    reason: "load-failed",
    cause: refusal,
  });
  expect([[...features.labels], features.tags.size]).toEqual([[["a", 1]], 0]);
  await features.labels.put("a", 2);
  expect((await changes.next()).value).toEqual({ kind: "put", key: "a", value: 2, previous: 1 });
});

test("a load that cannot be kept is told; memory has it, and the store takes no more writes", async () => {
  const backend = new ScriptedBackend((changes) =>
    changes[0]?.kind === "clear" ? Promise.reject(new Error("full")) : undefined,
  );
  const features = store("features", definitions, { backend });
  await expect(features.load((fresh) => fresh.labels.put("n", 1))).rejects.toMatchObject({
    reason: "write-failed",
  });
  expect(features.labels.get("n")).toBe(1);
  await expect(features.labels.put("a", 1)).rejects.toMatchObject({ reason: "write-failed" });
});

test("an expiry that cannot be kept is told by the next write, and by nothing else", async () => {
  const clock = fakeClock();
  const backend = new ScriptedBackend((changes) =>
    changes[0]?.kind === "delete" ? Promise.reject(new Error("full")) : undefined,
  );
  const { labels } = store("features", { labels: table<string, number>({ ttl: "1s" }) }, { backend, clock });
  await labels.put("a", 1);
  await clock.advance("3s");
  expect(backend.commits.at(-1)).toEqual([{ kind: "delete", table: "labels", key: "a" }]);
  await expect(labels.put("b", 1)).rejects.toMatchObject({ reason: "write-failed" });
});

test("an expiry that the backend refuses at once harms no reader", async () => {
  const [clock, cause] = [fakeClock(), new Error("gone")];
  const backend = new ScriptedBackend((changes) => {
    if (changes[0]?.kind === "delete") throw cause;
  });
  const { labels } = store("features", { labels: table<string, number>({ ttl: "1s" }) }, { backend, clock });
  await labels.put("a", 1);
  await clock.advance("3s");
  expect(labels.size).toBe(0);
  await expect(labels.put("b", 1)).rejects.toMatchObject({ reason: "write-failed", cause });
});

test("a write takes out what has become too old, also when the clock never wakes the table", async () => {
  const clock = fakeClock();
  const still = { now: () => clock.now(), sleep: () => new Promise<void>(() => {}) };
  const backend = new ScriptedBackend();
  const opened = store(
    "features",
    { labels: table<string, number>({ ttl: "1s" }) },
    { backend, clock: still },
  );
  await opened.labels.put("a", 1);
  await clock.advance("5s");
  await opened.labels.put("b", 2);
  await opened.close();
  expect(backend.kept.map(({ key }) => key)).toEqual(["b"]);
});

test("a value that expired and is written anew is kept", async () => {
  const clock = fakeClock();
  const still = { now: () => clock.now(), sleep: () => new Promise<void>(() => {}) };
  const backend = new ScriptedBackend();
  const { labels } = store(
    "features",
    { labels: table<string, number>({ ttl: "1s" }) },
    { backend, clock: still },
  );
  await labels.put("a", 1);
  await clock.advance("5s");
  await labels.put("a", 2);
  expect(backend.kept).toEqual([{ table: "labels", key: "a", value: 2, writtenAt: 5_000 }]);
});

test("close takes no more writes, waits for what runs, and happens once", async () => {
  const backend = new ScriptedBackend(() => new Promise((resolve) => setImmediate(resolve)));
  const features = store("features", definitions, { backend });
  const writing = features.labels.put("a", 1);
  const closing = features.close();
  await expect(features.labels.put("b", 1)).rejects.toMatchObject({
    reason: "closed",
    message: "store features: expected it to be open, got a write after close()",
  });
  await closing;
  await writing;
  await features.close();
  expect([backend.closed, backend.kept.length, features.labels.get("a")]).toEqual([1, 1, 1]);
});

test("await using closes the store", async () => {
  const backend = new ScriptedBackend();
  {
    await using features = store("features", definitions, { backend });
    await features.labels.put("a", 1);
  }
  expect(backend.closed).toBe(1);
});

test("a backend whose entries cannot be read is told and closed", () => {
  const cause = new Error("torn page");
  let closed = 0;
  const backend: StoreBackend = {
    name: "torn",
    open: () => ({
      entries: () => {
        throw cause;
      },
      commit: async () => {},
      close: async () => {
        closed += 1;
      },
    }),
  };
  expect(() => store("features", definitions, { backend })).toThrow(
    expect.objectContaining({
      reason: "open-failed",
      cause,
      message: "store features: what was kept cannot be read: torn page",
    }),
  );
  expect(closed).toBe(1);
});

test("what was kept of a table of one value for each key is no bag", () => {
  const backend = new ScriptedBackend(undefined, [{ table: "tags", key: "a", value: 7, writtenAt: 0 }]);
  expect(() => store("features", definitions, { backend })).toThrow(
    "store features: expected table tags, a bagTable(), to have lists of values, got `7` (number); declare it as it was, or under another name",
  );
});

test("what open of a backend throws comes out", () => {
  const error = new StoreError("features", "in-use", "held by process 7");
  const backend: StoreBackend = {
    name: "held",
    open: () => {
      throw error;
    },
  };
  expect(() => store("features", definitions, { backend })).toThrow(error);
});
