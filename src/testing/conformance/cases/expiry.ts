import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Aged } from "../../../store.js";
import { contentOf, sizeOf } from "../ask.js";
import type { Law } from "../tried.js";

/** Long enough that nothing expires by itself, where time is real. */
const TTL_MS = 1_000;

const allowExpired = { allowExpired: true } as const;

export const EXPIRY: readonly Law[] = [
  {
    name: "a value that is older than the ttl is not there",
    async try({ open }) {
      const store = await open({ tried: { ttl: TTL_MS } });
      const { tried } = store.tables;
      await tried.putMany([
        ["a", 1],
        ["b", 2],
      ]);
      deepStrictEqual(await tried.getMany(["a", "b"]), [1, 2]);
      await store.advance(TTL_MS);
      deepStrictEqual(await tried.getMany(["a", "b"]), [undefined, undefined]);
      strictEqual(await tried.get("a"), undefined);
      strictEqual(await tried.has("a"), false);
      strictEqual(await sizeOf(tried), 0);
      deepStrictEqual(await contentOf(tried), []);
      strictEqual(await tried.delete("a"), false);
    },
  },
  {
    name: "an expired value is given, with its age, to who asks for it",
    async try({ open }) {
      const store = await open({ tried: { ttl: TTL_MS } });
      const { tried } = store.tables;
      await tried.put("a", 1);
      const fresh = (await tried.get("a", allowExpired)) as Aged<number>;
      deepStrictEqual([fresh.value, fresh.isExpired], [1, false]);
      ok(fresh.ageMs >= 0 && fresh.ageMs < TTL_MS, `age ${fresh.ageMs}`);
      await store.advance(TTL_MS);
      const [old, none] = (await tried.getMany(["a", "none"], allowExpired)) as [Aged<number>, undefined];
      deepStrictEqual([old.value, old.isExpired, none], [1, true, undefined]);
      ok(old.ageMs >= TTL_MS && old.ageMs < 2 * TTL_MS, `age ${old.ageMs}`);
    },
  },
  {
    name: "a write starts the time of a value anew",
    async try({ open }) {
      // Where time is real, what is left of it may not be used up by a machine that is busy.
      const ttl = 3 * TTL_MS;
      const store = await open({ tried: { ttl } });
      const { tried } = store.tables;
      await tried.putMany([
        ["put", 1],
        ["updated", 1],
        ["left", 1],
      ]);
      await store.advance(0.6 * ttl);
      await tried.put("put", 2);
      await tried.update("updated", (present) => present + 1);
      await store.advance(0.6 * ttl);
      deepStrictEqual(await tried.getMany(["put", "updated", "left"]), [2, 2, undefined]);
    },
  },
  {
    name: "update() and compareAndSet() take an expired value for none",
    async try({ open }) {
      const store = await open({ tried: { ttl: TTL_MS } });
      const { tried } = store.tables;
      await tried.putMany([
        ["updated", 1],
        ["compared", 1],
      ]);
      await store.advance(TTL_MS);
      strictEqual(await tried.compareAndSet("compared", 1, 2), false);
      strictEqual(await tried.compareAndSet("compared", undefined, 2), true);
      strictEqual(await tried.update("updated", (present) => present ?? "none"), "none");
      deepStrictEqual(await tried.getMany(["updated", "compared"]), ["none", 2]);
    },
  },
];
