import { OptionsError, StoreError, ValueNotSupportedError } from "slither-ts";
import {
  type RemoteClient,
  type RemoteStoreOptions,
  type RemoteTable,
  remoteStore,
  remoteTable,
} from "slither-ts/redis";
import { fakeClock, type TriedStore, tableConformance, type WantedTables } from "slither-ts/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { rejection } from "../../helpers/rejection.js";
import { CAPABILITIES, triedOf } from "../conformance.js";
import { connected, WatchedClient } from "./clients.js";
import { freePort, isRequired, program, type Server, startServer } from "./server.js";

const cache = { maxEntries: 100, maxAge: "1h" } as const;

let server: Server;

beforeAll(async () => {
  if (program !== undefined) server = await startServer();
});

afterAll(() => server?.stop());

let stores = 0;

async function all<Each>(entries: AsyncIterable<Each>): Promise<Each[]> {
  const list: Each[] = [];
  for await (const entry of entries) list.push(entry);
  return list;
}

/** A name that no other test has. */
function freshName(): string {
  stores += 1;
  return `store-${stores}`;
}

async function opened(tables: WantedTables, name: string, isCached: boolean): Promise<TriedStore> {
  const definitions = Object.entries(tables).map(([table, { ttl }]) => [
    table,
    remoteTable({ ttl, ...(isCached && { cache }) }),
  ]);
  const made = await remoteStore(name, Object.fromEntries(definitions), { url: server.url });
  return {
    tables: made as unknown as TriedStore["tables"],
    // A timer may be a little early.
    advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 10)),
    close: () => made.close(),
    reopen: async () => {
      await made.close();
      return opened(tables, name, isCached);
    },
    another: () => opened(tables, name, isCached),
  };
}

const casesOf = (isCached: boolean) =>
  triedOf(
    tableConformance({
      open: (tables) => opened(tables, freshName(), isCached),
      // A copy may be older than what another has written: that is what a cache is.
      capabilities: { ...CAPABILITIES.remote, shared: !isCached },
    }),
  );

test("there is a server to test with, where one is required", () => {
  expect(isRequired && program === undefined).toBe(false);
});

describe.skipIf(program === undefined)("on a server", () => {
  describe("a remote table", () => {
    test.concurrent.each(casesOf(false))("$name", ({ run }) => run() as Promise<never>);
  });

  describe("a remote table with a cache", () => {
    test.concurrent.each(casesOf(true))("$name", ({ run }) => run() as Promise<never>);
  });

  /** A store with one table of numbers that is closed after the test. */
  async function numbers(
    options: Partial<RemoteStoreOptions> = {},
    table = remoteTable<number, number>(),
    name = freshName(),
  ) {
    const url = options.client === undefined ? { url: server.url } : {};
    const made = await remoteStore(name, { numbers: table }, { ...url, ...options });
    onTestFinished(() => made.close());
    return made.numbers;
  }

  test("the server itself takes a value away after twice its ttl", async () => {
    const name = freshName();
    const table = await numbers({}, remoteTable({ ttl: "1h" }), name);
    await table.put(1, 1);
    await table.putMany([[2, 2]]);
    await table.update(3, () => 3);
    const client = await connected(server.url);
    const keys = await client.keys(`slither:${name}:*`);
    const left = await Promise.all(keys.map((key) => client.pTTL(key)));
    expect(left).toHaveLength(3);
    for (const ms of left) expect(ms).toBeGreaterThan(7_100_000);
    for (const ms of left) expect(ms).toBeLessThanOrEqual(7_200_000);
  });

  test("stores and tables whose names look like patterns of each other have nothing of each other", async () => {
    const prefix = freshName();
    const names = ["a*", "ab", "a?", "a[b]", "a", "a:b"].map((name) => `${prefix}${name}`);
    for (const name of names) {
      const made = await remoteStore(name, { "t*": remoteTable(), t: remoteTable() }, { url: server.url });
      await made["t*"].put(name, 1);
      await made.t.putMany([
        [name, 1],
        ["more", 2],
      ]);
      expect([await made["t*"].size(), await made.t.size()]).toEqual([1, 2]);
      await made.close();
    }
  });

  test("a scan gives every entry of a large table once", async () => {
    const table = await numbers();
    await table.putMany(Array.from({ length: 20_000 }, (_, index) => [index, index]));
    const seen: number[] = [];
    for await (const [key, value] of table.scan()) {
      expect(value).toBe(key);
      seen.push(key);
    }
    expect(seen).toHaveLength(20_000);
    expect(new Set(seen).size).toBe(20_000);
    expect(await table.size()).toBe(20_000);
  });

  test("getMany() makes one trip for all of its keys", async () => {
    const client = new WatchedClient(await connected(server.url));
    const table = await numbers({ client });
    await table.putMany([
      [1, 1],
      [2, 2],
    ]);
    client.commands.length = 0;
    expect(await table.getMany([1, 2, 3])).toEqual([1, 2, undefined]);
    expect(client.commands).toEqual(["MGET", "TIME"]);
  });

  test("update() calls its function again when somebody else has written meanwhile", async () => {
    const name = freshName();
    const [table, other] = [await numbers({}, remoteTable(), name), await numbers({}, remoteTable(), name)];
    await table.put(1, 1);
    const seen: unknown[] = [];
    const client = new WatchedClient(await connected(server.url));
    const slow = await numbers({ client }, remoteTable(), name);
    let release = (): void => {};
    client.held.set("MGET", new Promise((resolve) => (release = resolve)));
    const updating = slow.update(1, (present) => {
      seen.push(present);
      return (present as number) * 10;
    });
    // It has read 1, and does not know yet.
    await other.put(1, 2);
    release();
    expect(await updating).toBe(20);
    expect(seen).toEqual([1, 2]);
    expect(await table.get(1)).toBe(20);
  });

  test("update() refuses a function that returns a promise, which goes nowhere", async () => {
    const table = await numbers();
    const heard: unknown[] = [];
    const hear = (reason: unknown): void => void heard.push(reason);
    process.on("unhandledRejection", hear);
    onTestFinished(() => void process.off("unhandledRejection", hear));
    const change = async (): Promise<never> => {
      throw new Error("boom");
    };
    const refused = await rejection(table.update(1, change as never), OptionsError);
    expect(refused.message).toContain(
      "update(): expected the function to be synchronous, got one that returned a promise",
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([]);
    expect(await table.has(1)).toBe(false);
  });

  test.each<[string, (table: RemoteTable<number, number>) => Promise<unknown>]>([
    ["put", (table) => table.put(2, 2)],
    ["putMany", (table) => table.putMany([[2, 2]])],
    ["update", (table) => table.update(2, () => 2)],
    ["compareAndSet", (table) => table.compareAndSet(2, undefined, 2)],
    ["delete", (table) => table.delete(3)],
  ])("update() refuses a function that writes to its table, by %s", async (_, write) => {
    const table = await numbers();
    await table.put(3, 3);
    const updating = table.update(1, () => {
      void write(table);
      return 1;
    });
    expect((await rejection(updating, OptionsError)).message).toContain(
      "expected the function not to write to what it works on, got a write from within; return the new value",
    );
    expect(await table.getMany([1, 2, 3])).toEqual([undefined, undefined, 3]);
  });

  describe("a copy", () => {
    test("is used until it is too old, whatever others write meanwhile", async () => {
      const [name, clock] = [freshName(), fakeClock()];
      const table = await numbers({ clock }, remoteTable({ cache: { maxEntries: 10, maxAge: "1s" } }), name);
      const other = await numbers({}, remoteTable(), name);
      await other.put(1, 1);
      expect(await table.get(1)).toBe(1);
      await other.put(1, 2);
      await clock.advance(999);
      expect(await table.get(1)).toBe(1);
      await clock.advance(1);
      expect(await table.get(1)).toBe(2);
    });

    test("grows old as the value does, and is not there when that is expired", async () => {
      const clock = fakeClock();
      const table = await numbers({ clock }, remoteTable({ ttl: "1m", cache }));
      await table.put(1, 7);
      await clock.advance("59s");
      expect((await table.get(1, { allowExpired: true }))?.ageMs).toBeGreaterThanOrEqual(59_000);
      expect(await table.get(1)).toBe(7);
      await clock.advance("1s");
      expect(await table.get(1)).toBeUndefined();
      expect(await table.get(1, { allowExpired: true })).toMatchObject({ value: 7, isExpired: true });
      await clock.advance("1m");
      expect(await table.get(1, { allowExpired: true })).toBeUndefined();
    });

    test("of nothing is one, too", async () => {
      const client = new WatchedClient(await connected(server.url));
      const table = await numbers({ client }, remoteTable({ cache }));
      expect([await table.get(1), await table.get(1), await table.has(1)]).toEqual([
        undefined,
        undefined,
        false,
      ]);
      expect(client.commands).toEqual(["MGET", "TIME"]);
    });

    test("is not what the caller makes of a value that it was given", async () => {
      const made = await remoteStore(
        freshName(),
        { t: remoteTable<number, number[]>({ cache }) },
        { url: server.url },
      );
      onTestFinished(() => made.close());
      await made.t.put(1, [1]);
      (await made.t.get(1))?.push(2);
      expect(await made.t.get(1)).toEqual([1]);
    });

    test("takes memory when it is made, and not for all that there may be", async () => {
      const cache = { maxEntries: Number.MAX_SAFE_INTEGER, maxAge: "1h" } as const;
      const table = await numbers({}, remoteTable({ cache }));
      await table.put(1, 1);
      expect(await table.get(1)).toBe(1);
    });

    test("is there only of the last that were read", async () => {
      const client = new WatchedClient(await connected(server.url));
      const table = await numbers({ client }, remoteTable({ cache: { maxEntries: 2, maxAge: "1h" } }));
      await table.getMany([1, 2, 3]);
      client.commands.length = 0;
      await table.getMany([2, 3]);
      expect(client.commands).toEqual([]);
      await table.get(1);
      expect(client.commands).toEqual(["MGET", "TIME"]);
    });

    test("of this process's own write is there at once, without asking the server", async () => {
      const client = new WatchedClient(await connected(server.url));
      const table = await numbers({ client }, remoteTable({ cache }));
      await table.get(1);
      await table.put(1, 1);
      await table.update(2, () => 2);
      client.commands.length = 0;
      expect(await table.getMany([1, 2])).toEqual([1, 2]);
      expect(client.commands).toEqual([]);
    });

    test("is not made of a read that this process's own write has overtaken", async () => {
      const client = new WatchedClient(await connected(server.url));
      const table = await numbers({ client }, remoteTable({ cache }));
      let release = (): void => {};
      client.held.set("MGET", new Promise((resolve) => (release = resolve)));
      const reading = table.get(1);
      await table.put(1, 1);
      client.held.clear();
      release();
      expect(await reading).toBeUndefined();
      expect(await table.get(1)).toBe(1);
    });

    test("is not made of one of two writes of this process at once: which was the last is not known here", async () => {
      const client = new WatchedClient(await connected(server.url));
      const table = await numbers({ client }, remoteTable({ cache }));
      await Promise.all([table.put(1, 1), table.put(1, 2)]);
      client.commands.length = 0;
      expect(await table.get(1)).toBe(2);
      expect(client.commands).toEqual(["MGET", "TIME"]);
    });
  });

  test("a client of the caller stays open, and what is under way ends first", async () => {
    const client = await connected(server.url);
    const made = await remoteStore(freshName(), { t: remoteTable<number, number>() }, { client });
    const writing = made.t.put(1, 1);
    await made.close();
    await writing;
    expect(await client.ping()).toBe("PONG");
    expect(await rejection(made.t.get(1), StoreError)).toMatchObject({ reason: "closed" });
  });

  test("a store that is disposed of is closed", async () => {
    const table = await (async () => {
      await using made = await remoteStore(
        freshName(),
        { t: remoteTable<number, number>() },
        { url: server.url },
      );
      return made.t;
    })();
    expect(await rejection(table.get(1), StoreError)).toMatchObject({ reason: "closed" });
  });

  test("what no table has written is told, and not taken for a value", async () => {
    const name = freshName();
    const table = await numbers({}, remoteTable(), name);
    await table.put(1, 1);
    const client = await connected(server.url);
    const [key] = await client.keys(`slither:${name}:*`);
    await client.set(key as string, "not an entry");
    const where = `store ${name}: table numbers: on the server, the key 1`;
    const first = await rejection(table.get(1), StoreError);
    expect(first).toMatchObject({
      reason: "open-failed",
      message: `${where} holds what no table has written; delete it, or give the store another name`,
    });
    await client.set(key as string, Buffer.from([...Buffer.from("123:"), 0xc1]));
    for (const read of [table.get(1), table.get(1, { allowExpired: true }), table.update(1, () => 1)]) {
      const { reason, message } = await rejection(read, StoreError);
      expect(reason).toBe("open-failed");
      expect(message).toContain(`${where} holds a value that cannot be read (`);
    }
    await table.delete(1);
    expect(await table.get(1)).toBeUndefined();
    await client.set(Buffer.from(`slither:${name}:numbers:\xc1`, "latin1"), "123:\x01");
    const scanning = rejection(all(table.scan()), StoreError);
    expect((await scanning).message).toMatch(
      /the key of the bytes c1 is none that a table has written \(.+\); delete it, or give the store another name$/,
    );
  });

  test("a value that cannot be kept is refused by its path, and nothing is written", async () => {
    const made = await remoteStore(freshName(), { t: remoteTable<number, unknown>() }, { url: server.url });
    onTestFinished(() => made.close());
    const refused = await rejection(
      made.t.putMany([
        [1, 1],
        [2, { when: () => 1 }],
      ]),
      ValueNotSupportedError,
    );
    expect(refused.path).toBe("value.when");
    expect(await made.t.size()).toBe(0);
  });

  test("more entries than one command can have are refused before anything is sent", async () => {
    const client = new WatchedClient(await connected(server.url));
    const table = await numbers({ client });
    const entries = Array.from({ length: 500_001 }, (): [number, number] => [1, 1]);
    await expect(table.putMany(entries)).rejects.toThrow(
      "expected at most 500000 entries at once, got 500001",
    );
    expect(client.commands).toEqual([]);
  });
});

describe.skipIf(program === undefined)("a server that fails", () => {
  async function ownServer(port?: number): Promise<Server> {
    const own = await startServer(port);
    onTestFinished(() => own.stop());
    return own;
  }

  async function tableOf(own: Server, options: Partial<RemoteStoreOptions> = {}) {
    const url = options.client === undefined ? { url: own.url } : {};
    const made = await remoteStore("failing", { t: remoteTable<number, number>() }, { ...url, ...options });
    onTestFinished(() => made.close());
    return made.t;
  }

  test("a lost connection is told at once, and the store works again when the server is back", async () => {
    const own = await ownServer();
    const table = await tableOf(own);
    await table.put(1, 1);
    await own.stop();
    const error = await rejection(table.put(1, 2), StoreError);
    expect(error).toMatchObject({ reason: "unreachable", store: "failing" });
    expect(error.cause).toBeInstanceOf(Error);
    await ownServer(own.port);
    await expect.poll(() => table.get(1).catch(() => "not yet"), { timeout: 10_000 }).toBeUndefined();
  });

  test("a server that does not answer is not waited for for ever, and a write says that it may have happened", async () => {
    const own = await ownServer();
    const table = await tableOf(own, { commandTimeout: 50 });
    own.child.kill("SIGSTOP");
    const reading = await rejection(table.get(1), StoreError);
    expect(reading).toMatchObject({ reason: "unreachable" });
    expect(reading.message).toContain("did not answer within 50 ms (commandTimeout)");
    const writing = await rejection(table.put(1, 1), StoreError);
    expect(writing.message).toContain("the write may have happened or not");
  });

  test("a write that was never sent says that nothing was written", async () => {
    const own = await ownServer();
    // This one keeps what it cannot send.
    const client = await connected(own.url);
    const table = await tableOf(own, { client, commandTimeout: 50 });
    const lost = new Promise((resolve) => client.once("reconnecting", resolve));
    await own.stop();
    await lost;
    const error = await rejection(table.put(1, 1), StoreError);
    expect(error.message).toContain("nothing was written");
    // It is not sent later, either.
    await ownServer(own.port);
    await expect.poll(() => table.size().catch(() => -1), { timeout: 10_000 }).toBe(0);
  });

  test("a server that accepts and says nothing is given up after connectTimeout", async () => {
    const own = await ownServer();
    own.child.kill("SIGSTOP");
    const opening = remoteStore("failing", {}, { url: own.url, connectTimeout: 50 });
    const error = await rejection(opening, StoreError);
    expect(error).toMatchObject({ reason: "unreachable" });
    expect(error.message).toContain("did not answer within 50 ms (connectTimeout)");
  });

  test("a server that is full refuses a write, and says why", async () => {
    const own = await ownServer();
    const table = await tableOf(own);
    await (await connected(own.url)).configSet("maxmemory", "1");
    const error = await rejection(table.put(1, 1), StoreError);
    expect(error).toMatchObject({ reason: "write-failed" });
    expect(error.message).toContain("OOM");
  });

  test("a server that wants a password refuses the connection", async () => {
    const own = await ownServer();
    await (await connected(own.url)).configSet("requirepass", "secret");
    const opening = remoteStore("failing", {}, { url: own.url.replace("//", "//:wrong@") });
    expect(await rejection(opening, StoreError)).toMatchObject({ reason: "open-failed" });
  });
});

test("no server at all is told at once, with the cause", async () => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  const error = await rejection(remoteStore("none", {}, { url }), StoreError);
  expect(error).toMatchObject({ reason: "unreachable", store: "none" });
  expect(error.message).toContain("ECONNREFUSED");
  expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
});

const client: RemoteClient = { isOpen: true, sendCommand: () => Promise.resolve() };

test.each<[string, unknown[], string]>([
  ["no options", ["s", {}], "expected the options to be an object with `url` or `client`"],
  ["neither url nor client", ["s", {}, {}], "an object with one of `url` and `client`"],
  ["both", ["s", {}, { url: "redis://x", client }], "an object with one of `url` and `client`"],
  [
    "a client that is not connected",
    ["s", {}, { client: { ...client, isOpen: false } }],
    "call `await client.connect()` first",
  ],
  ["a client that is none", ["s", {}, { client: {} }], "a client made by createClient()"],
  [
    "a url that is none",
    ["s", {}, { url: "http://localhost" }],
    "expected `url` to be text such as redis://",
  ],
  ["an unknown option", ["s", {}, { client, commandTimout: 1 }], "did you mean `commandTimeout`?"],
  [
    "a table of another kind",
    ["s", { t: {} }, { client }],
    "expected `t` to be a table made by remoteTable()",
  ],
  [
    "a table named close",
    ["s", { close: remoteTable() }, { client }],
    "expected tables with other names than `close`",
  ],
  ["a name that is none", ["", {}, { client }], "expected `name` to be a name that is not empty"],
])("refused: %s", async (_, args, message) => {
  const opening = (remoteStore as (...all: unknown[]) => Promise<unknown>)(...args);
  const error = await rejection(opening, OptionsError);
  expect(error.message).toContain(message);
});

test("options of a table are checked", () => {
  expect(() => remoteTable({ ttl: -1 })).toThrow("expected `ttl` to be a duration");
  expect(() => remoteTable({ cache: { maxEntries: 1 } } as never)).toThrow(
    "expected `cache.maxAge` to be a duration",
  );
  expect(() => remoteTable({ maxEntries: 1 } as never)).toThrow("unknown option `maxEntries`");
});
