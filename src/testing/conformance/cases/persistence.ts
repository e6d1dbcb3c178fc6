import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Aged } from "../../../store.js";
import { contentOf, entriesOf } from "../ask.js";
import type { Law } from "../tried.js";

const TTL_MS = 1_000;

export const PERSISTENCE: readonly Law[] = [
  {
    name: "what was written is there after the store was closed and opened again",
    needs: ["persistent"],
    async try({ open }) {
      const store = await open({ tried: {}, other: {} });
      const { tried, other } = store.tables;
      await tried.putMany([
        [["a", 1n], { text: "a", at: new Date(7) }],
        ["long".repeat(2_000), 2],
        ["gone", 3],
      ]);
      await tried.update(["a", 1n], (present) => ({ ...present, text: "b" }));
      await tried.delete("gone");
      await other.put("gone", 4);
      const again = await store.reopen();
      deepStrictEqual(await contentOf(again.tables.tried), [
        [["a", 1n], { text: "b", at: new Date(7) }],
        ["long".repeat(2_000), 2],
      ]);
      deepStrictEqual(await contentOf(again.tables.other), [["gone", 4]]);
    },
  },
  {
    name: "entries come back in the order in which they were written",
    needs: ["inOrder", "persistent"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const keys = ["d", "a", ["c"], 9, "b", 1n];
      for (const key of keys) await store.tables.tried.put(key, 1);
      const again = await store.reopen();
      deepStrictEqual(
        (await entriesOf(again.tables.tried)).map(([key]) => key),
        keys,
      );
    },
  },
  {
    name: "the age of a value goes on while the store is closed",
    needs: ["persistent"],
    async try({ open }) {
      const store = await open({ tried: { ttl: TTL_MS } });
      await store.tables.tried.put("old", 1);
      await store.advance(0.5 * TTL_MS);
      await store.tables.tried.put("new", 2);
      const again = await store.reopen();
      await again.advance(0.5 * TTL_MS);
      const { tried } = again.tables;
      deepStrictEqual(await tried.getMany(["old", "new"]), [undefined, 2]);
      strictEqual(((await tried.get("old", { allowExpired: true })) as Aged<number>).isExpired, true);
    },
  },
  {
    name: "a value that cannot be kept is refused, and nothing of its write is done",
    needs: ["persistent"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const { tried } = store.tables;
      await tried.put("a", 1);
      const failing = async (): Promise<void> =>
        tried.putMany([
          ["b", 2],
          ["a", { on: { click: () => 1 } }],
        ]);
      await rejects(failing);
      deepStrictEqual(await contentOf(tried), [["a", 1]]);
      await tried.put("c", 3);
      const again = await store.reopen();
      deepStrictEqual(await contentOf(again.tables.tried), [
        ["a", 1],
        ["c", 3],
      ]);
    },
  },
];
