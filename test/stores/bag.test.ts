import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { type BagTable, bagTable, store, type TableKey } from "slither-ts";
import { expect, test } from "vitest";
import { keys, same } from "./keys.js";

function open<Key extends TableKey = TableKey, Value = number>(): BagTable<Key, Value> {
  return store("tried", { tried: bagTable<Key, Value>() }).tried;
}

const value = fc.nat({ max: 2 });

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("put" as const), key: keys, value }),
    fc.record({
      kind: fc.constant("putMany" as const),
      entries: fc.array(fc.tuple(keys, value), { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("reverse" as const), key: keys }),
    fc.record({ kind: fc.constant("empty" as const), key: keys }),
    fc.record({ kind: fc.constant("delete" as const), key: keys }),
    fc.record({ kind: fc.constant("deleteOne" as const), key: keys, value }),
  ),
  { maxLength: 25 },
);

type Step = typeof steps extends fc.Arbitrary<(infer Each)[]> ? Each : never;

/** A bag as a list of pairs. */
class Model {
  pairs: [TableKey, number][] = [];

  get(key: TableKey): number[] {
    return this.pairs.filter(([each]) => same(each, key)).map(([, each]) => each);
  }

  set(key: TableKey, values: readonly number[]): void {
    const others = this.pairs.filter(([each]) => !same(each, key));
    this.pairs = [...others, ...values.map((each): [TableKey, number] => [key, each])];
  }

  deleteOne(key: TableKey, unwanted: number): boolean {
    const before = this.get(key);
    const index = before.indexOf(unwanted);
    this.set(
      key,
      before.filter((_, at) => at !== index),
    );
    return index >= 0;
  }
}

async function both(
  tried: BagTable<TableKey, number>,
  model: Model,
  step: Step,
): Promise<[unknown, unknown]> {
  const before = step.kind === "putMany" ? [] : model.get(step.key);
  switch (step.kind) {
    case "put":
      model.pairs.push([step.key, step.value]);
      return [await tried.put(step.key, step.value), undefined];
    case "putMany":
      model.pairs.push(...step.entries);
      return [await tried.putMany(step.entries), undefined];
    case "reverse":
      model.set(step.key, before.toReversed());
      return [await tried.update(step.key, (present) => present.toReversed()), before.toReversed()];
    case "empty":
      model.set(step.key, []);
      return [await tried.update(step.key, () => []), []];
    case "delete":
      model.set(step.key, []);
      return [await tried.delete(step.key), before.length > 0];
    case "deleteOne":
      return [await tried.delete(step.key, step.value), model.deleteOne(step.key, step.value)];
  }
}

test("a bag does what a list of pairs would", async () => {
  const property = fc.asyncProperty(steps, keys, async (taken, asked) => {
    const [tried, model] = [open(), new Model()];
    for (const step of taken) {
      const [said, expected] = await both(tried, model, step);
      expect(said).toEqual(expected);
      expect(tried.size).toBe(model.pairs.length);
      expect([tried.get(asked), tried.has(asked)]).toEqual([model.get(asked), model.get(asked).length > 0]);
    }
    const groups = new Set([...tried].map(([key]) => key));
    for (const key of groups) expect(tried.get(key)).toEqual(model.get(key));
    expect(
      [...tried].every(([key, each]) => model.pairs.some((pair) => same(pair[0], key) && pair[1] === each)),
    ).toBe(true);
    expect(tried.fold((sum, each) => sum + each, 0)).toBe(
      model.pairs.reduce((sum, [, each]) => sum + each, 0),
    );
  });
  await fc.assert(property, { numRuns: 500 });
});

test("a key array that is used again for each entry is the key that it was then", async () => {
  const tried = open<readonly [string, number], string>();
  const entries = function* (by: string): Generator<[[string, number], string]> {
    const key: [string, number] = ["a", 0];
    for (key[1] = 0; key[1] < 3; key[1] += 1) yield [key, `${by} ${key[1]}`];
  };
  await tried.putMany(entries("put"));
  const pairs = (by: string) => [0, 1, 2].map((n) => [["a", n], `${by} ${n}`]);
  expect([...tried]).toEqual(pairs("put"));

  const sales = store("sales", { sales: bagTable<readonly [string, number], string>() });
  await sales.transaction(({ sales: bag }) => bag.putMany(entries("moved")));
  expect([...sales.sales]).toEqual(pairs("moved"));
  await sales.load(async ({ sales: fresh }) => {
    for (const [key, value] of entries("loaded")) fresh.put(key, value);
  });
  expect([...sales.sales]).toEqual(pairs("loaded"));
});

test("what get gave does not change when somebody writes", async () => {
  const tried = open<string>();
  await tried.put("a", 1);
  const before = tried.get("a");
  await tried.put("a", 2);
  expect([before, tried.getMany(["a", "b"])]).toEqual([[1], [[1, 2], []]]);
});

test("an array that update made is copied", async () => {
  const tried = open<string>();
  const mine = [1];
  await tried.update("a", () => mine);
  mine.push(2);
  expect(tried.get("a")).toEqual([1]);
});

test("delete with a value takes out the first that equals it, undefined too", async () => {
  const tried = open<string, unknown>();
  await tried.putMany([{ n: 1 }, undefined, { n: 1 }].map((each) => ["a", each]));
  expect(await tried.delete("a", { n: 1 })).toBe(true);
  expect(await tried.delete("a", undefined)).toBe(true);
  expect(await tried.delete("a", 7)).toBe(false);
  expect(isDeepStrictEqual(tried.get("a"), [{ n: 1 }])).toBe(true);
});

test("an update that makes no array is refused, and changes nothing", async () => {
  const tried = open<string>();
  await tried.put("a", 1);
  await expect(tried.update("a", () => 7 as never)).rejects.toThrow(
    "update(): expected the function to return an array of values, got `7` (number)",
  );
  expect(tried.get("a")).toEqual([1]);
});

test("entries that fail while they are read add nothing", async () => {
  const tried = open<string>();
  function* entries(): Generator<[string, number]> {
    yield ["a", 1];
    throw new Error("half-way");
  }
  await expect(tried.putMany(entries())).rejects.toThrow("half-way");
  expect(tried.size).toBe(0);
});

test("watchers get all values of the key", async () => {
  const tried = open<string>();
  const changes = tried.watch();
  await tried.put("a", 1);
  await tried.put("a", 2);
  await tried.delete("a");
  expect([(await changes.next()).value, (await changes.next()).value, (await changes.next()).value]).toEqual([
    { kind: "put", key: "a", value: [1] },
    { kind: "put", key: "a", value: [1, 2], previous: [1] },
    { kind: "delete", key: "a", previous: [1, 2] },
  ]);
});
