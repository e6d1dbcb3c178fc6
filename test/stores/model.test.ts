import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { type Aged, orderedTable, store, type Table, type TableKey, table } from "slither-ts";
import { type FakeClock, fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { keys, same } from "./keys.js";

const TTL = 100;

interface Kept {
  key: TableKey;
  value: number;
  writtenAt: number;
}

/** A table as a list of entries that is searched from the start. */
class Model {
  now = 0;
  kept: Kept[] = [];
  readonly #ttl: number;

  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  isFresh = ({ writtenAt }: Kept): boolean => this.now - writtenAt < this.#ttl;

  get fresh(): [TableKey, number][] {
    return this.kept.filter(this.isFresh).map(({ key, value }) => [key, value]);
  }

  aged(key: TableKey): Aged<number> | undefined {
    const kept = this.#find(key);
    if (kept === undefined || this.now - kept.writtenAt >= 2 * this.#ttl) return undefined;
    return { value: kept.value, ageMs: this.now - kept.writtenAt, isExpired: !this.isFresh(kept) };
  }

  get(key: TableKey): number | undefined {
    const kept = this.#find(key);
    return kept !== undefined && this.isFresh(kept) ? kept.value : undefined;
  }

  put(key: TableKey, value: number): void {
    this.kept = this.kept.filter(({ writtenAt }) => this.now - writtenAt < 2 * this.#ttl);
    const present = this.#find(key);
    if (present === undefined) this.kept.push({ key, value, writtenAt: this.now });
    else Object.assign(present, { key, value, writtenAt: this.now });
  }

  delete(key: TableKey): boolean {
    const isThere = this.get(key) !== undefined;
    this.kept = this.kept.filter((entry) => !same(entry.key, key));
    return isThere;
  }

  #find(key: TableKey): Kept | undefined {
    return this.kept.find((entry) => same(entry.key, key));
  }
}

const value = fc.nat({ max: 3 });

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("put" as const), key: keys, value }),
    fc.record({
      kind: fc.constant("putMany" as const),
      entries: fc.array(fc.tuple(keys, value), { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("update" as const), key: keys }),
    fc.record({ kind: fc.constant("delete" as const), key: keys }),
    fc.record({
      kind: fc.constant("compareAndSet" as const),
      key: keys,
      expected: fc.option(value, { nil: undefined }),
      value,
    }),
    fc.record({ kind: fc.constant("getMany" as const), keys: fc.array(keys, { maxLength: 4 }) }),
    fc.record({ kind: fc.constant("advance" as const), by: fc.constantFrom(1, 30, 99, 100, 101, 200) }),
  ),
  { maxLength: 25 },
);

type Step = typeof steps extends fc.Arbitrary<(infer Each)[]> ? Each : never;

interface Tried {
  readonly table: Table<TableKey, number>;
  readonly clock: FakeClock;
  readonly model: Model;
}

/** Does the same to both, and gives back what each said. */
async function both({ table: tried, clock, model }: Tried, step: Step): Promise<[unknown, unknown]> {
  switch (step.kind) {
    case "put":
      model.put(step.key, step.value);
      return [await tried.put(step.key, step.value), undefined];
    case "putMany":
      for (const [key, each] of step.entries) model.put(key, each);
      return [await tried.putMany(step.entries), undefined];
    case "update": {
      const changed = (present = 0): number => present + 1;
      model.put(step.key, changed(model.get(step.key)));
      return [await tried.update(step.key, changed), model.get(step.key)];
    }
    case "delete":
      return [await tried.delete(step.key), model.delete(step.key)];
    case "compareAndSet": {
      const isAsExpected = isDeepStrictEqual(model.get(step.key), step.expected);
      if (isAsExpected) model.put(step.key, step.value);
      return [await tried.compareAndSet(step.key, step.expected, step.value), isAsExpected];
    }
    case "getMany":
      return [
        [
          tried.getMany(step.keys),
          tried.getMany(step.keys, { allowExpired: true }),
          step.keys.map((key) => tried.has(key)),
        ],
        [
          step.keys.map((key) => model.get(key)),
          step.keys.map((key) => model.aged(key)),
          step.keys.map((key) => model.get(key) !== undefined),
        ],
      ];
    case "advance":
      model.now += step.by;
      return [await clock.advance(step.by), undefined];
  }
}

const byKeyText = ([key]: [TableKey, number]): string => String(Array.isArray(key) ? ["array", ...key] : key);

const KINDS = [
  ["a table", { tried: table<TableKey, number>() }, Number.POSITIVE_INFINITY],
  ["a table with a ttl", { tried: table<TableKey, number>({ ttl: TTL }) }, TTL],
  ["an ordered table", { tried: orderedTable<TableKey, number>() }, Number.POSITIVE_INFINITY],
  ["an ordered table with a ttl", { tried: orderedTable<TableKey, number>({ ttl: TTL }) }, TTL],
] as const;

test.each(KINDS)("%s does what a list of entries would", async (name, definitions, ttl) => {
  const isOrdered = name.includes("ordered");
  const property = fc.asyncProperty(steps, async (taken) => {
    const clock = fakeClock();
    const opened = store("tried", definitions as { tried: (typeof KINDS)[0][1]["tried"] }, { clock });
    const tried = { table: opened.tried, clock, model: new Model(ttl) };
    for (const step of taken) {
      const [said, expected] = await both(tried, step);
      expect(said).toEqual(expected);
      expect(opened.tried.size).toBe(tried.model.fresh.length);
    }
    const found = [...opened.tried.scan()];
    // What the order is of an ordered table, its own test tells.
    if (isOrdered) expect(sorted(found)).toEqual(sorted(tried.model.fresh));
    else expect(found).toEqual(tried.model.fresh);
    expect(opened.tried.fold((sum, each) => sum + each, 0)).toBe(
      found.reduce((sum, [, each]) => sum + each, 0),
    );
  });
  await fc.assert(property, { numRuns: 400 });
});

function sorted(entries: [TableKey, number][]): string[] {
  return entries.map((entry) => `${typeof entry[0]} ${byKeyText(entry)} ${entry[1]}`).sort();
}
