import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { contentOf, readWhile } from "../ask.js";
import type { Law } from "../tried.js";

const MANY = 100;

export const SHARING: readonly Law[] = [
  {
    name: "what one has written another reads",
    needs: ["shared"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const other = await store.another();
      await store.tables.tried.put(["a", 1n], { at: new Date(7) });
      deepStrictEqual(await contentOf(other.tables.tried), [[["a", 1n], { at: new Date(7) }]]);
      strictEqual(await other.tables.tried.delete(["a", 1n]), true);
      strictEqual(await store.tables.tried.get(["a", 1n]), undefined);
    },
  },
  {
    name: "no update is lost when two store objects update one key",
    needs: ["shared"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const other = await store.another();
      const updates = [store, other].flatMap(({ tables }) =>
        Array.from({ length: MANY }, () => tables.tried.update("count", (present = 0) => present + 1)),
      );
      await Promise.all(updates);
      strictEqual(await store.tables.tried.get("count"), 2 * MANY);
    },
  },
  {
    name: "of two that compare and set the same, one does",
    needs: ["shared"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const other = await store.another();
      const won = await Promise.all(
        [store, other].flatMap(({ tables }) =>
          Array.from({ length: 20 }, (_, index) => tables.tried.compareAndSet(index, undefined, 1)),
        ),
      );
      strictEqual(won.filter(Boolean).length, 20);
    },
  },
  {
    name: "another reads all that one putMany() has set, or nothing of it",
    needs: ["shared"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const other = await store.another();
      const keys = Array.from({ length: 50 }, (_, index) => index);
      const write = async (): Promise<void> => {
        for (let round = 1; round <= 50; round += 1)
          await store.tables.tried.putMany(keys.map((key) => [key, round]));
      };
      await readWhile(write(), async () => {
        const seen = new Set((await other.tables.tried.getMany(keys)) as unknown[]);
        strictEqual(seen.size, 1, `values of several rounds: ${[...seen].join()}`);
      });
    },
  },
];
