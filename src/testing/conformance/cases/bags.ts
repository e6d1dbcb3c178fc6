import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Law } from "../tried.js";

export const BAGS: readonly Law[] = [
  {
    name: "a bag has the values of a key in the order in which they were put",
    needs: ["bags"],
    async try({ open }) {
      const { tried } = (await open({ tried: { kind: "bag" } })).bags;
      for (const value of [3, 1, 3]) await tried.put("a", value);
      await tried.put("b", 2);
      deepStrictEqual(tried.get("a"), [3, 1, 3]);
      deepStrictEqual(tried.get("none"), []);
      strictEqual(tried.size, 4);
    },
  },
  {
    name: "of a bag one value is taken out, or all of a key",
    needs: ["bags"],
    async try({ open }) {
      const { tried } = (await open({ tried: { kind: "bag" } })).bags;
      for (const value of [{ n: 1 }, { n: 2 }, { n: 1 }]) await tried.put("a", value);
      strictEqual(await tried.delete("a", { n: 3 }), false);
      strictEqual(await tried.delete("a", { n: 1 }), true);
      deepStrictEqual(tried.get("a"), [{ n: 2 }, { n: 1 }]);
      strictEqual(await tried.delete("a"), true);
      strictEqual(await tried.delete("a"), false);
      strictEqual(tried.size, 0);
    },
  },
];
