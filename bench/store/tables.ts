import { LRUCache } from "lru-cache";
import { orderedTable, store, table } from "slither-ts";
import type { Benchmark } from "../measure.js";
import { inTurns, rowsOfTurns } from "./in-turns.js";

const KEYS = 100_000;

interface Vector {
  readonly id: number;
}

/** Reading and writing one value, in tables, a Map and lru-cache, in turns. */
export const tables: Benchmark = {
  title: "One value of 100,000, by a random key",
  note: "nanoseconds; ratio = to the Map; bounded: at most 100,000 entries, with a ttl; what is read is looked into; a write to a table is a promise, of which 1,000 at a time are awaited",
  async run({ quick }) {
    const [rounds, count] = quick ? [3, 100_000] : [9, 1_000_000];
    const keys = Array.from({ length: count }, (_, index) => (index * 7_919) % KEYS);
    const map = new Map<number, Vector>();
    const lru = new LRUCache<number, Vector>({ max: KEYS });
    const opened = store("bench", {
      set: table<number, Vector>(),
      bounded: table<number, Vector>({ maxEntries: KEYS, ttl: "1h" }),
      ordered: orderedTable<number, Vector>(),
    });
    const { set, bounded, ordered } = opened;
    for (let id = 0; id < KEYS; id++) {
      map.set(id, { id });
      lru.set(id, { id });
      for (const each of [set, bounded, ordered]) await each.put(id, { id });
    }
    const reads = await inTurns(rounds, {
      Map: () => read(keys, (key) => map.get(key)?.id),
      "lru-cache": () => read(keys, (key) => lru.get(key)?.id),
      table: () => read(keys, (key) => set.get(key)?.id),
      "table, bounded": () => read(keys, (key) => bounded.get(key)?.id),
      orderedTable: () => read(keys, (key) => ordered.get(key)?.id),
    });
    const writes = await inTurns(rounds, {
      Map: () => read(keys, (id) => map.set(id, { id })),
      "lru-cache": () => read(keys, (id) => lru.set(id, { id })),
      table: () => write(keys, (id) => set.put(id, { id })),
      "table, bounded": () => write(keys, (id) => bounded.put(id, { id })),
      orderedTable: () => write(keys, (id) => ordered.put(id, { id })),
    });
    await opened.close();
    return [
      ...rowsOfTurns(reads, "each", (name) => `get, ${name}`),
      ...rowsOfTurns(writes, "each", (name) => `put, ${name}`),
    ];
  },
};

/** Nanoseconds each. Functions of their own for each table, or the first one would be compiled for all and pay for it. */
function read(keys: readonly number[], one: (key: number) => unknown): number {
  const began = performance.now();
  let found = 0;
  for (const key of keys) if (one(key) !== undefined) found += 1;
  if (found !== keys.length) throw new Error(`expected ${keys.length} values, got ${found}`);
  return ((performance.now() - began) * 1e6) / keys.length;
}

async function write(keys: readonly number[], one: (key: number) => Promise<void>): Promise<number> {
  const began = performance.now();
  for (let start = 0; start < keys.length; start += 1_000) {
    const writing: Promise<void>[] = [];
    for (let index = start; index < start + 1_000; index++) writing.push(one(keys[index] as number));
    await Promise.all(writing);
  }
  return ((performance.now() - began) * 1e6) / keys.length;
}
