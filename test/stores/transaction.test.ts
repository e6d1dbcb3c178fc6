import { bagTable, type Drafts, orderedTable, store, table } from "slither-ts";
import { expect, test } from "vitest";
import { ScriptedBackend } from "./scripted-backend.js";

const definitions = {
  stock: table<string, number>(),
  prices: orderedTable<string, number>(),
  sales: bagTable<string, number>(),
};

async function open() {
  const backend = new ScriptedBackend();
  const shop = store("shop", definitions, { backend });
  await shop.stock.put("pen", 3);
  await shop.sales.put("pen", 1);
  backend.commits.length = 0;
  return { backend, shop };
}

test("a transaction changes several tables at once, in one commit, and gives back what its function returns", async () => {
  const { backend, shop } = await open();
  const done = shop.transaction(({ stock, prices, sales }) => {
    prices.put("pen", 7);
    sales.put("pen", 2);
    return stock.update("pen", (present = 0) => present - 1);
  });
  // Local readers see it at once, as every write.
  expect([shop.stock.get("pen"), shop.prices.get("pen"), shop.sales.get("pen")]).toEqual([2, 7, [1, 2]]);
  expect(await done).toBe(2);
  expect(backend.commits).toEqual([
    [
      expect.objectContaining({ kind: "put", table: "stock", key: "pen", value: 2 }),
      expect.objectContaining({ kind: "put", table: "prices", key: "pen", value: 7 }),
      expect.objectContaining({ kind: "put", table: "sales", key: "pen", value: [1, 2] }),
    ],
  ]);
});

test("reads see what the transaction wrote, and readers outside do not", async () => {
  const { shop } = await open();
  await shop.transaction(({ stock, sales }) => {
    stock.putMany([
      ["ink", 1],
      ["pen", 4],
    ]);
    expect([stock.getMany(["ink", "pen", "cap"]), stock.has("ink")]).toEqual([[1, 4, undefined], true]);
    expect([stock.delete("ink"), stock.delete("ink"), stock.has("ink"), stock.get("ink")]).toEqual([
      true,
      false,
      false,
      undefined,
    ]);
    expect([stock.compareAndSet("pen", 3, 9), stock.compareAndSet("pen", 4, 5), stock.get("pen")]).toEqual([
      false,
      true,
      5,
    ]);
    sales.putMany([
      ["pen", 2],
      ["pen", 1],
    ]);
    expect([sales.delete("pen", 1), sales.delete("pen", 9), sales.getMany(["pen"])]).toEqual([
      true,
      false,
      [[2, 1]],
    ]);
    expect(sales.update("pen", (present) => present.toReversed())).toEqual([1, 2]);
    expect([sales.delete("pen"), sales.has("pen"), sales.delete("pen")]).toEqual([true, false, false]);
    expect([shop.stock.get("pen"), shop.stock.has("ink"), shop.sales.get("pen")]).toEqual([3, false, [1]]);
  });
  expect([[...shop.stock], [...shop.sales]]).toEqual([[["pen", 5]], []]);
});

test("a function that throws changes nothing, and its error comes out", async () => {
  const { backend, shop } = await open();
  const error = new Error("no");
  const failing = shop.transaction(({ stock, sales }) => {
    stock.put("pen", 0);
    sales.delete("pen");
    throw error;
  });
  await expect(failing).rejects.toBe(error);
  expect([shop.stock.get("pen"), shop.sales.get("pen"), backend.commits]).toEqual([3, [1], []]);
});

test("watchers see its changes when it is done, one after the other, the last of each key", async () => {
  const { shop } = await open();
  const changes = shop.stock.watch();
  let seen = 0;
  const first = changes.next().then((change) => {
    seen += 1;
    return change;
  });
  const done = shop.transaction(({ stock }) => {
    stock.put("ink", 1);
    stock.put("pen", 9);
    stock.put("ink", 2);
    expect(seen).toBe(0);
  });
  await shop.stock.put("cap", 1);
  await done;
  expect([(await first).value, (await changes.next()).value, (await changes.next()).value]).toEqual([
    { kind: "put", key: "ink", value: 2 },
    { kind: "put", key: "pen", value: 9, previous: 3 },
    { kind: "put", key: "cap", value: 1 },
  ]);
});

test("a transaction that writes nothing is no commit", async () => {
  const { backend, shop } = await open();
  expect(await shop.transaction(({ stock }) => stock.get("pen"))).toBe(3);
  expect(backend.commits).toEqual([]);
});

test("a function that returns a promise is refused, and what it writes later is lost to nobody silently", async () => {
  const { shop } = await open();
  let late: Promise<unknown> | undefined;
  const failing = shop.transaction(({ stock }) => {
    stock.put("pen", 0);
    late = Promise.resolve().then(() => stock.put("pen", 1));
    return late;
  });
  await expect(failing).rejects.toThrow(
    "transaction(): expected the function to be synchronous, got one that returned a promise; await before the call what it needs",
  );
  await expect(late).rejects.toThrow("transaction(): expected its tables to be used while its function runs");
  expect(shop.stock.get("pen")).toBe(3);
});

test("drafts end with their function", async () => {
  const { shop } = await open();
  let kept: Drafts<typeof definitions> | undefined;
  await shop.transaction((drafts) => {
    kept = drafts;
  });
  expect(() => kept?.stock.get("pen")).toThrow(
    "expected its tables to be used while its function runs, got a use after that",
  );
  expect(() => kept?.sales.put("pen", 1)).toThrow("expected its tables to be used while its function runs");
});

test.each<[string, (shop: Awaited<ReturnType<typeof open>>["shop"]) => unknown]>([
  ["a table", (shop) => shop.stock.put("pen", 0)],
  ["a bag", (shop) => shop.sales.delete("pen")],
  ["another transaction", (shop) => shop.transaction(({ stock }) => stock.put("pen", 0))],
  ["a load", (shop) => shop.load(() => {})],
])("a write past the drafts is refused, and the transaction with it: %s", async (_, write) => {
  const { shop } = await open();
  const failing = shop.transaction(({ stock }) => {
    stock.put("pen", 1);
    void write(shop);
  });
  await expect(failing).rejects.toThrow(
    "transaction(): expected the function not to write to what it works on, got a write from within; use the tables that it is given",
  );
  expect([shop.stock.get("pen"), shop.sales.get("pen")]).toEqual([3, [1]]);
});

test("a transaction in the function of an update of one of its tables is refused", async () => {
  const { shop } = await open();
  const failing = shop.stock.update("pen", () => {
    void shop.transaction(({ stock }) => stock.put("pen", 0));
    return 7;
  });
  await expect(failing).rejects.toThrow("update(): expected the function not to write");
  expect(shop.stock.get("pen")).toBe(3);
});

test("an update in a draft that writes to the same draft is refused", async () => {
  const { shop } = await open();
  const failing = shop.transaction(({ stock }) =>
    stock.update("pen", () => {
      stock.put("ink", 1);
      return 7;
    }),
  );
  await expect(failing).rejects.toThrow("update(): expected the function not to write");
  expect([...shop.stock]).toEqual([["pen", 3]]);
});

test("transfers between two tables by many tasks lose and make nothing", async () => {
  const bank = store("bank", { one: table<number, number>(), other: table<number, number>() });
  await bank.one.putMany(Array.from({ length: 10 }, (_, key) => [key, 100]));
  await Promise.all(
    Array.from({ length: 500 }, async (_, task) => {
      if (task % 2 === 0) await new Promise(setImmediate);
      await bank.transaction((drafts) => {
        drafts.one.update(task % 10, (present = 0) => present - 1);
        drafts.other.update(task % 7, (present = 0) => present + 1);
      });
    }),
  );
  const sum = (a: number, b: number): number => a + b;
  expect([bank.one.fold(sum, 0), bank.other.fold(sum, 0)]).toEqual([500, 500]);
});
