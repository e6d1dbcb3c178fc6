import type { CacheTable, TableKey } from "slither-ts";
import { hops } from "../dispatch/deferred.js";

interface Kept<Value> {
  readonly key: TableKey;
  readonly value: Value;
  readonly ageMs: number;
  readonly isExpired: boolean;
}

export interface Scripted<Value> {
  /** What `cached()` takes. */
  readonly table: CacheTable<TableKey, Value>;
  readonly kept: Map<string, Kept<Value>>;
  /** The keys of each read. */
  readonly reads: TableKey[][];
  /** The entries of each write. */
  readonly writes: (readonly [TableKey, Value])[][];
  /** What the next operations fail with. */
  readonly failing: {
    read?: Error | undefined;
    /** How often reads fail; always, where it is left out. */
    times?: number;
    write?: Error | undefined;
    /** Whether a write with such a value fails; any does, where it is left out. */
    refuses?: (value: Value) => boolean;
  };
  /** Puts in a value of that age. */
  age(key: TableKey, value: Value, ageMs: number, isExpired?: boolean): void;
}

/** A table that the test looks into: in this process, or, `remote`, behind promises. */
export function scriptedTable<Value>({ remote = false } = {}): Scripted<Value> {
  const kept: Scripted<Value>["kept"] = new Map();
  const reads: TableKey[][] = [];
  const writes: (readonly [TableKey, Value])[][] = [];
  const failing: Scripted<Value>["failing"] = {};
  const find = (keys: readonly TableKey[]): unknown[] => {
    reads.push([...keys]);
    if (failing.read !== undefined && (failing.times ?? 1) > 0) {
      if (failing.times !== undefined) failing.times -= 1;
      throw failing.read;
    }
    return keys.map((key) => kept.get(JSON.stringify(key)));
  };
  const age: Scripted<Value>["age"] = (key, value, ageMs, isExpired = false) => {
    kept.set(JSON.stringify(key), { key, value, ageMs, isExpired });
  };
  const table = {
    getMany: remote
      ? async (keys: readonly TableKey[]) => {
          await hops(5);
          return find(keys);
        }
      : find,
    putMany: async (entries: Iterable<readonly [TableKey, Value]>) => {
      const all = [...entries];
      writes.push(all);
      if (remote) await hops(5);
      const isRefused = all.some(([, value]) => failing.refuses?.(value) ?? true);
      if (isRefused && failing.write !== undefined) throw failing.write;
      for (const [key, value] of all) age(key, value, 0);
    },
    compareAndSet: () => {
      throw new Error("a cache does not ask for this");
    },
  };
  return { table: table as unknown as CacheTable<TableKey, Value>, kept, reads, writes, failing, age };
}
