import { bagTable, orderedTable, store, table } from "slither-ts";
import type { Benchmark } from "../measure.js";
import { inTurns, rowsOfTurns } from "./in-turns.js";

const KEYS = 100_000;
/** So many keys are asked for at once. */
const MANY = 1_000;

interface Vector {
  readonly id: number;
}

/** Reading many entries, in tables and a Map, in turns. */
export const reading: Benchmark = {
  title: "Reading many of 100,000 values",
  note: "nanoseconds for each entry, of size for each call; ratio = to the same done with a Map; bounded: at most 100,000 entries",
  async run({ quick }) {
    const rounds = quick ? 5 : 15;
    const map = new Map<number, Vector>();
    const opened = store("bench", {
      set: table<number, Vector>(),
      bounded: table<number, Vector>({ maxEntries: KEYS }),
      ageing: table<number, Vector>({ ttl: "1h" }),
      ordered: orderedTable<number, Vector>(),
      bag: bagTable<number, Vector>(),
    });
    const { set, bounded, ageing, ordered, bag } = opened;
    for (let id = 0; id < KEYS; id++) {
      map.set(id, { id });
      for (const each of [set, bounded, ageing, ordered, bag]) await each.put(id, { id });
    }
    const groups = Array.from({ length: KEYS / MANY }, (_, group) =>
      Array.from({ length: MANY }, (_, index) => ((group * MANY + index) * 7_919) % KEYS),
    );
    const keys = groups.flat();
    const many = (getMany: (keys: readonly number[]) => readonly unknown[]) =>
      timed(() => {
        let found = 0;
        for (const group of groups) found += getMany(group).length;
        return found;
      });
    const getMany = await inTurns(rounds, {
      Map: () => many((group) => group.map((key) => map.get(key))),
      table: () => many((group) => set.getMany(group)),
      "table, bounded": () => many((group) => bounded.getMany(group)),
      "table, ttl": () => many((group) => ageing.getMany(group)),
      orderedTable: () => many((group) => ordered.getMany(group)),
      bagTable: () => many((group) => bag.getMany(group)),
    });
    const has = await inTurns(rounds, {
      Map: () => timed(() => counted(keys, (key) => map.has(key))),
      table: () => timed(() => counted(keys, (key) => set.has(key))),
      "table, bounded": () => timed(() => counted(keys, (key) => bounded.has(key))),
      "table, ttl": () => timed(() => counted(keys, (key) => ageing.has(key))),
      orderedTable: () => timed(() => counted(keys, (key) => ordered.has(key))),
      bagTable: () => timed(() => counted(keys, (key) => bag.has(key))),
    });
    const size = await inTurns(rounds, {
      Map: () => timed(() => counted(keys, () => map.size === KEYS)),
      table: () => timed(() => counted(keys, () => set.size === KEYS)),
      "table, bounded": () => timed(() => counted(keys, () => bounded.size === KEYS)),
      "table, ttl": () => timed(() => counted(keys, () => ageing.size === KEYS)),
      orderedTable: () => timed(() => counted(keys, () => ordered.size === KEYS)),
      bagTable: () => timed(() => counted(keys, () => bag.size === KEYS)),
    });
    const scan = await inTurns(rounds, {
      Map: () => timed(() => scanned(map.entries())),
      table: () => timed(() => scanned(set.scan())),
      "table, bounded": () => timed(() => scanned(bounded.scan())),
      "table, ttl": () => timed(() => scanned(ageing.scan())),
      orderedTable: () => timed(() => scanned(ordered.scan())),
      bagTable: () => timed(() => scanned(bag.scan())),
    });
    const fold = await inTurns(rounds, {
      Map: () => timed(() => foldedMap(map)),
      table: () => timed(() => set.fold((count, { id }) => count + Math.sign(id + 1), 0)),
      "table, bounded": () => timed(() => bounded.fold((count, { id }) => count + Math.sign(id + 1), 0)),
      "table, ttl": () => timed(() => ageing.fold((count, { id }) => count + Math.sign(id + 1), 0)),
      orderedTable: () => timed(() => ordered.fold((count, { id }) => count + Math.sign(id + 1), 0)),
      bagTable: () => timed(() => bag.fold((count, { id }) => count + Math.sign(id + 1), 0)),
    });
    await opened.close();
    return Object.entries({ getMany, has, size, scan, fold }).flatMap(([call, turns]) =>
      rowsOfTurns(turns, "each", (name) => `${call}, ${name}`),
    );
  },
};

/** Nanoseconds for each of all entries. */
function timed(work: () => number): number {
  const began = performance.now();
  const found = work();
  const took = performance.now() - began;
  if (found !== KEYS) throw new Error(`expected ${KEYS} entries, got ${found}`);
  return (took * 1e6) / KEYS;
}

function counted(keys: readonly number[], isRight: (key: number) => boolean): number {
  let found = 0;
  for (const key of keys) if (isRight(key)) found += 1;
  return found;
}

function scanned(entries: Iterable<[number, Vector]>): number {
  let found = 0;
  for (const [key, { id }] of entries) if (key === id) found += 1;
  return found;
}

/** As one who has a Map does it. */
function foldedMap(map: ReadonlyMap<number, Vector>): number {
  let count = 0;
  for (const [, { id }] of map) count += Math.sign(id + 1);
  return count;
}
