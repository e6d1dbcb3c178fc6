import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { TableKey } from "../../../store.js";
import { contentOf, entriesOf, sizeOf } from "../ask.js";
import type { Law } from "../tried.js";

/** Each is another key than all others. */
const DIFFERENT: readonly TableKey[] = [
  0,
  1,
  -1,
  1.5,
  2 ** 40,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0n,
  1n,
  2n ** 70n,
  -(2n ** 70n),
  true,
  false,
  "",
  "0",
  "1",
  "1n",
  "true",
  "NaN",
  "[1]",
  '["1"]',
  "\0",
  "\0[1]",
  "a*b?[c]\\",
  "a:b",
  "{a}",
  "ключ",
  "𝄞",
  "\ud800",
  "\\ud800",
  "\r\n",
  "__proto__",
  "x".repeat(5_000),
  "x".repeat(5_001),
  [],
  [1],
  [1n],
  ["1"],
  [true],
  [""],
  ["", ""],
  ["a", "b"],
  ["a,b"],
  ["ab"],
  [1, 2],
  [12],
  ["\0"],
];

export const KEYS: readonly Law[] = [
  {
    name: "keys that look alike are different keys",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      for (const [index, key] of DIFFERENT.entries()) await tried.put(key, index);
      deepStrictEqual(await tried.getMany(DIFFERENT), [...DIFFERENT.keys()]);
      strictEqual(await sizeOf(tried), DIFFERENT.length);
    },
  },
  {
    name: "a scan gives keys back as they were put, of their own types",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.putMany(DIFFERENT.map((key, index) => [key, index]));
      const entries = (await entriesOf(tried)).sort(([, one], [, other]) => Number(one) - Number(other));
      deepStrictEqual(
        entries,
        DIFFERENT.map((key, index) => [key, index]),
      );
    },
  },
  {
    name: "an array is the same key as another array with the same parts",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.put(["at", 7, 1n, true], "value");
      strictEqual(await tried.get(["at", 7, 1n, true]), "value");
      strictEqual(await tried.delete(["at", 7, 1n, true]), true);
      deepStrictEqual(await contentOf(tried), []);
    },
  },
  {
    name: "0 and -0 are one key, and so are NaN and NaN",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.putMany([
        [0, "zero"],
        [[0], "zero in an array"],
        [Number.NaN, "none"],
      ]);
      deepStrictEqual(await tried.getMany([-0, [-0], Number.NaN]), ["zero", "zero in an array", "none"]);
    },
  },
  {
    name: "what the caller does to the array of a key later does not change the key",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const key = [1, 2];
      await tried.put(key, "value");
      key[0] = 9;
      deepStrictEqual(await contentOf(tried), [[[1, 2], "value"]]);
    },
  },
  {
    name: "what is no key is refused, and not taken for another",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      for (const none of [null, undefined, {}, [null], [[1]], new Date(0)]) {
        await rejects(async () => tried.put(none as unknown as TableKey, 1), /expected a key/);
        await rejects(async () => tried.get(none as unknown as TableKey), /expected a key/);
      }
      strictEqual(await sizeOf(tried), 0);
    },
  },
];
