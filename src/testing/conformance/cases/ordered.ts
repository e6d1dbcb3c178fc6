import { deepStrictEqual } from "node:assert/strict";
import type { KeyRange, TableKey } from "../../../store.js";
import type { Law } from "../tried.js";

/** In their order. */
const IN_ORDER: readonly TableKey[] = [
  false,
  true,
  Number.NEGATIVE_INFINITY,
  -1.5,
  0,
  1,
  2n,
  3,
  2n ** 70n,
  "",
  "B",
  "a",
  "ab",
  "b",
  [],
  [1],
  [1, "a"],
  [1, "b"],
  [2],
  ["a"],
];

const SHUFFLED = [...IN_ORDER].reverse().sort((_, other) => (typeof other === "string" ? 1 : -1));

export const ORDERED: readonly Law[] = [
  {
    name: "an ordered table is scanned in the order of its keys, whatever the order of the writes",
    needs: ["ordered"],
    async try({ open }) {
      const { tried } = (await open({ tried: { kind: "ordered" } })).tables;
      for (const key of SHUFFLED) await tried.put(key, 1);
      const keys = Array.from(tried.scan(), ([key]) => key);
      deepStrictEqual(keys, IN_ORDER);
      deepStrictEqual(
        Array.from(tried.scan({ reverse: true }), ([key]) => key),
        [...IN_ORDER].reverse(),
      );
    },
  },
  {
    name: "a range has its first key, and not the one that it ends before",
    needs: ["ordered"],
    async try({ open }) {
      const { tried } = (await open({ tried: { kind: "ordered" } })).tables;
      await tried.putMany([5, 1, 4, 2, 3].map((key) => [key, `v${key}`]));
      const keys = (range: KeyRange<TableKey>): TableKey[] => Array.from(tried.scan(range), ([key]) => key);
      deepStrictEqual(keys({ from: 2, to: 4 }), [2, 3]);
      deepStrictEqual(keys({ from: 2, to: 5, reverse: true, limit: 2 }), [4, 3]);
      deepStrictEqual(keys({ from: 4 }), [4, 5]);
      deepStrictEqual(keys({ to: 2 }), [1]);
      deepStrictEqual(keys({ limit: 0 }), []);
    },
  },
  {
    name: "a prefix is the beginning of a text, or the first parts of an array",
    needs: ["ordered"],
    async try({ open }) {
      const { tried } = (await open({ tried: { kind: "ordered" } })).tables;
      const keys: readonly TableKey[] = ["a", "ab", "b", ["a"], ["a", 1], ["a", 2], ["b", 1]];
      await tried.putMany(keys.map((key) => [key, 1]));
      deepStrictEqual(
        Array.from(tried.scan({ prefix: "a" }), ([key]) => key),
        ["a", "ab"],
      );
      deepStrictEqual(
        Array.from(tried.scan({ prefix: ["a"] }), ([key]) => key),
        [["a"], ["a", 1], ["a", 2]],
      );
    },
  },
];
