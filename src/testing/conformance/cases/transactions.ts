import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Law } from "../tried.js";

export const TRANSACTIONS: readonly Law[] = [
  {
    name: "a transaction writes to several tables at once, and reads what it has written",
    needs: ["transactions"],
    async try({ open }) {
      const store = await open({ one: {}, other: {} });
      const { one, other } = store.tables;
      await one.put("a", 5);
      const seen = await store.transaction((drafts) => {
        drafts.one?.put("a", 4);
        drafts.other?.put("a", 1);
        return [drafts.one?.get("a"), drafts.other?.get("a"), one.get("a")];
      });
      deepStrictEqual(seen, [4, 1, 5]);
      deepStrictEqual([await one.get("a"), await other.get("a")], [4, 1]);
    },
  },
  {
    name: "a transaction that throws has written nothing, and its error comes out",
    needs: ["transactions"],
    async try({ open }) {
      const store = await open({ one: {}, other: {} });
      const { one, other } = store.tables;
      await one.put("a", 1);
      const error = new Error("no");
      const failing = async (): Promise<unknown> =>
        store.transaction((drafts) => {
          drafts.one?.delete("a");
          drafts.other?.put("b", 1);
          throw error;
        });
      await rejects(failing, (thrown) => thrown === error);
      strictEqual(await one.get("a"), 1);
      strictEqual(await other.has("b"), false);
    },
  },
];
