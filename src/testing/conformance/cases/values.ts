import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Law } from "../tried.js";

/** Of every kind that all tables take. */
const EVERY_KIND: readonly unknown[] = [
  null,
  undefined,
  true,
  0,
  -0,
  1.5,
  2 ** 53 + 2,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  5n,
  -(2n ** 63n),
  2n ** 200n,
  "",
  "\0 \ud800 𝄞",
  [],
  [1, [2, [undefined]]],
  {},
  { text: "a", nested: { list: [1, 2n, null] }, nothing: undefined, "two words": 1, "": 2 },
  Uint8Array.of(0, 255),
  Buffer.from([1, 2]),
  Float64Array.of(1.5, Number.NaN),
  BigInt64Array.of(-1n),
  new Date(1_700_000_000_123),
  new Map<unknown, unknown>([
    ["a", 1],
    [1, new Map([[null, "none"]])],
    [[1], new Set([2])],
  ]),
  new Set([1, "1", 1n]),
];

export const VALUES: readonly Law[] = [
  {
    name: "values of every kind come back as they were put",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.putMany(EVERY_KIND.map((value, index) => [index, value]));
      deepStrictEqual(await tried.getMany([...EVERY_KIND.keys()]), EVERY_KIND);
    },
  },
  {
    name: "an entry whose value is undefined is there",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.put("a", undefined);
      strictEqual(await tried.has("a"), true);
      strictEqual(await tried.delete("a"), true);
    },
  },
  {
    name: "a value of a megabyte comes back whole",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const bytes = new Uint8Array(2 ** 20).map((_, index) => index % 251);
      await tried.put("large", { bytes });
      deepStrictEqual(await tried.get("large"), { bytes });
    },
  },
];
