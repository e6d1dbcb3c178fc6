import { StoreError, store, type TableChange, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";

function open() {
  const clock = fakeClock();
  return {
    clock,
    ...store("tried", { tried: table<string, number>({ ttl: "1s", maxEntries: 10_001 }) }, { clock }),
  };
}

type Changes = AsyncIterableIterator<TableChange<string, number>>;

async function next(changes: Changes, count: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (let left = count; left > 0; left -= 1) seen.push((await changes.next()).value);
  return seen;
}

test("a watcher gets every change from its call on, in their order", async () => {
  const { clock, tried } = open();
  await tried.put("before", 0);
  await clock.advance("2s");
  const changes = tried.watch();
  await tried.put("a", 1);
  await tried.update("a", () => 2);
  await tried.delete("a");
  await tried.delete("a");
  await tried.put("b", 3);
  await clock.advance("1s");
  await tried.put("b", 4);
  expect(await next(changes, 6)).toEqual([
    { kind: "put", key: "a", value: 1 },
    { kind: "put", key: "a", value: 2, previous: 1 },
    { kind: "delete", key: "a", previous: 2 },
    { kind: "put", key: "b", value: 3 },
    { kind: "expire", key: "b", previous: 3 },
    { kind: "put", key: "b", value: 4 },
  ]);
});

test("a watcher that waits is woken by the next change", async () => {
  const { tried } = open();
  const changes = tried.watch();
  const both = Promise.all([changes.next(), changes.next()]);
  await tried.put("a", 1);
  await tried.put("b", 2);
  expect((await both).map(({ value }) => value.key)).toEqual(["a", "b"]);
});

test("a watcher of one key gets its changes and loads, an array key by its parts", async () => {
  const opened = store("tried", { tried: table<readonly number[], number>() });
  const changes = opened.tried.watch({ key: [1, 2] });
  await opened.tried.put([2, 1], 0);
  await opened.tried.put([1, 2], 1);
  await opened.load(() => {});
  expect([(await changes.next()).value, (await changes.next()).value]).toEqual([
    { kind: "put", key: [1, 2], value: 1 },
    { kind: "load" },
  ]);
});

test.each([
  [0, -0],
  [Number.NaN, Number.NaN],
])("a watcher of the key %o gets changes of %o", async (watched, written) => {
  const { tried } = store("tried", { tried: table<number, number>() });
  const changes = tried.watch({ key: watched });
  await tried.put(written, 1);
  expect((await changes.next()).value).toMatchObject({ kind: "put", value: 1 });
});

test("leaving the loop frees the watcher: what happens later is kept for nobody", async () => {
  const { tried } = open();
  const changes = tried.watch();
  await tried.put("a", 1);
  for await (const change of changes) {
    expect(change.key).toBe("a");
    break;
  }
  await tried.put("b", 2);
  expect(await changes.next()).toEqual({ done: true, value: undefined });
});

test("an aborted signal ends the loop, also one that waits", async () => {
  const { tried } = open();
  const abort = new AbortController();
  const seen: unknown[] = [];
  const watching = (async () => {
    for await (const change of tried.watch({ signal: abort.signal })) seen.push(change.key);
  })();
  await tried.put("a", 1);
  await new Promise(setImmediate);
  abort.abort();
  await watching;
  await tried.put("b", 2);
  expect(seen).toEqual(["a"]);
  expect(await tried.watch({ signal: abort.signal }).next()).toEqual({ done: true, value: undefined });
});

test("a watcher that is behind by more than 10,000 changes is told so, once, and others go on", async () => {
  const { tried } = open();
  const slow = tried.watch();
  const quick = tried.watch({ key: "9999" });
  for (let key = 0; key < 10_000; key += 1) void tried.put(String(key), key);
  expect((await slow.next()).value?.key).toBe("0");
  void tried.put("a", 1);
  void tried.put("b", 1);
  const error = await slow.next().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({
    store: "tried",
    reason: "behind",
    message:
      "store tried: expected the watcher of table tried to be behind by at most 10,000 changes, got one more; read the table and watch it anew",
  });
  expect(await slow.next()).toEqual({ done: true, value: undefined });
  expect((await quick.next()).value?.key).toBe("9999");
});

test("when the store is closed, a watcher gets what waits for it, and ends", async () => {
  const opened = store("tried", { tried: table<string, number>() });
  const changes = opened.tried.watch();
  const waiting = opened.tried.watch({ key: "b" }).next();
  await opened.tried.put("a", 1);
  await opened.close();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect([(await changes.next()).value?.key, (await changes.next()).done]).toEqual(["a", true]);
  expect((await opened.tried.watch().next()).done).toBe(true);
});

test("options of a watcher that do not exist are refused", () => {
  expect(() => open().tried.watch({ keys: ["a"] } as never)).toThrow(
    "watch(): unknown option `keys`, did you mean `key`?",
  );
});
