import fc from "fast-check";
import { bagTable, store, table } from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { bagWrite } from "../../src/stores/bag-writes.js";
import { StoreCore } from "../../src/stores/core.js";
import { Meanwhile } from "../../src/stores/meanwhile.js";
import { TableCore } from "../../src/stores/table-core.js";

function cores() {
  const core = new StoreCore("tried", fakeClock(), undefined);
  return {
    set: new TableCore(core, "set", { kind: "set" }),
    bag: new TableCore(core, "bag", { kind: "bag" }),
  };
}

test("a key that is written ten thousand times while a load runs is remembered once", () => {
  const { set, bag } = cores();
  const meanwhile = new Meanwhile();
  for (let turn = 0; turn < 10_000; turn += 1) {
    meanwhile.add(turn % 3 === 0 ? set.deleting("a") : set.putting("a", turn), turn);
    meanwhile.add(set.putting("b", turn), turn);
    meanwhile.add(bagWrite(bag, "a", [], [{ kind: "remove", value: { is: "missing" }, times: 1 }]), turn);
    meanwhile.add(bagWrite(bag, "b", [], [{ kind: "set", values: [turn] }]), turn);
    meanwhile.add(bagWrite(bag, "b", [turn], [{ kind: "add", values: ["more"] }]), turn);
  }
  expect(meanwhile.of(set).map(({ write }) => [write.key, write.value])).toEqual([
    ["b", 9_999],
    ["a", undefined],
  ]);
  expect(meanwhile.of(bag).map(({ write }) => write.steps)).toEqual([
    [{ kind: "remove", value: { is: "missing" }, times: 10_000 }],
    [{ kind: "set", values: [9_999, "more"] }],
  ]);
});

test("a load takes in a bag whose one key is put to thousands of times in one transaction", async () => {
  const opened = store("tried", { bag: bagTable<string, number>() });
  await opened.load(async (fresh) => {
    fresh.bag.put("a", -1);
    await opened.transaction(({ bag }) => {
      for (let value = 0; value < 20_000; value += 1) bag.put("a", value);
    });
  });
  expect(opened.bag.get("a")).toEqual(Array.from({ length: 20_001 }, (_, index) => index - 1));
});

const key = fc.nat({ max: 4 });
const value = fc.nat({ max: 2 });

const write = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key, value }),
  fc.record({ kind: fc.constant("update" as const), key, value }),
  fc.record({ kind: fc.constant("delete" as const), key }),
  fc.record({ kind: fc.constant("deleteOne" as const), key, value }),
  fc.record({ kind: fc.constant("transaction" as const), key, value }),
);

type AnyWrite = typeof write extends fc.Arbitrary<infer Made> ? Made : never;

const open = () =>
  store("tried", {
    set: table<number, number>(),
    aged: table<number, number>({ ttl: "1h" }),
    full: table<number, number>({ maxEntries: 3 }),
    bag: bagTable<number, number>(),
  });

type Opened = ReturnType<typeof open>;

async function done(opened: Opened, writes: readonly AnyWrite[]): Promise<void> {
  for (const each of writes) await doneOne(opened, each);
}

async function doneOne(opened: Opened, each: AnyWrite): Promise<void> {
  const { set, aged, full, bag } = opened;
  switch (each.kind) {
    case "put":
      for (const one of [set, aged, full, bag]) await one.put(each.key, each.value);
      return;
    case "update":
      await bag.update(each.key, () => [each.value, each.value]);
      return;
    case "delete":
      for (const one of [set, aged, bag]) await one.delete(each.key);
      return;
    case "deleteOne":
      await bag.delete(each.key, each.value);
      return;
    case "transaction":
      await opened.transaction((drafts) => {
        drafts.bag.delete(each.key, each.value);
        drafts.bag.put(each.key, each.value);
        drafts.set.delete(each.key);
        drafts.set.put(each.key, each.value);
      });
  }
}

/** Everything, in its order; of a bag by its keys. */
const contentOf = ({ set, aged, full, bag }: Opened) => [
  [...set],
  [...aged],
  [...full],
  [0, 1, 2, 3, 4].map((each) => bag.get(each)),
];

test("after a load there is what there would be if all that was written meanwhile were written after it", async () => {
  const property = fc.asyncProperty(
    fc.array(write),
    fc.array(write),
    fc.array(key),
    async (before, writes, loaded) => {
      const [tried, expected] = [open(), open()];
      await done(tried, before);
      await tried.load(async (fresh) => {
        for (const each of Object.values(fresh)) for (const one of loaded) each.put(one, one % 3);
        await done(tried, writes);
      });
      for (const each of [expected.set, expected.aged, expected.full, expected.bag])
        for (const one of loaded) await each.put(one, one % 3);
      await done(expected, writes);
      expect(contentOf(tried)).toEqual(contentOf(expected));
      await Promise.all([tried.close(), expected.close()]);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test("ages of what was written again and again while a load ran are those of the last writes", async () => {
  const clock = fakeClock();
  const opened = store("tried", { tried: table<string, number>({ ttl: "10s" }) }, { clock });
  await opened.load(async () => {
    await opened.tried.put("a", 1);
    await opened.tried.put("b", 1);
    await clock.advance("4s");
    await opened.tried.put("a", 2);
  });
  await clock.advance("6s");
  expect([[...opened.tried], opened.tried.size]).toEqual([[["a", 2]], 1]);
  await opened.close();
});
