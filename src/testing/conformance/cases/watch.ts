import { deepStrictEqual } from "node:assert/strict";
import type { TableChange, TableKey } from "../../../store.js";
import type { Law } from "../tried.js";

type Changes = AsyncIterator<TableChange<TableKey, unknown>>;

async function next(changes: Changes, count: number): Promise<TableChange<TableKey, unknown>[]> {
  const seen: TableChange<TableKey, unknown>[] = [];
  while (seen.length < count) seen.push((await changes.next()).value);
  return seen;
}

/** Without what is not there. */
const plain = (changes: readonly object[]): object[] =>
  changes.map((change) =>
    Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
  );

export const WATCH: readonly Law[] = [
  {
    name: "a watcher is told of every change from then on, in order, with what was there before",
    needs: ["watch"],
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.put("a", 1);
      const changes = tried.watch();
      await tried.put("a", 2);
      await tried.putMany([
        ["b", 1],
        ["c", 1],
      ]);
      await tried.delete("a");
      deepStrictEqual(plain(await next(changes, 4)), [
        { kind: "put", key: "a", value: 2, previous: 1 },
        { kind: "put", key: "b", value: 1 },
        { kind: "put", key: "c", value: 1 },
        { kind: "delete", key: "a", previous: 2 },
      ]);
      await changes.return?.();
    },
  },
  {
    name: "a watcher of one key is told of no other",
    needs: ["watch"],
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const changes = tried.watch({ key: ["a", 1] });
      await tried.put(["a", 2], 1);
      await tried.put(["a", 1], 2);
      deepStrictEqual(plain(await next(changes, 1)), [{ kind: "put", key: ["a", 1], value: 2 }]);
      await changes.return?.();
    },
  },
];
