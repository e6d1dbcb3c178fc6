import { deepStrictEqual, rejects } from "node:assert/strict";
import { contentOf } from "../ask.js";
import type { Law } from "../tried.js";

export const RELOAD: readonly Law[] = [
  {
    name: "a load puts other entries in the place of all that were there",
    needs: ["reload"],
    async try({ open }) {
      const store = await open({ one: {}, other: {} });
      const { one, other } = store.tables;
      await one.putMany([
        ["a", 1],
        ["b", 1],
      ]);
      await other.put("x", 1);
      await store.load((fresh) => {
        fresh.one?.put("b", 2);
        fresh.one?.put("c", 2);
      });
      deepStrictEqual(await contentOf(one), [
        ["b", 2],
        ["c", 2],
      ]);
      deepStrictEqual(await contentOf(other), []);
    },
  },
  {
    name: "a load that fails changes nothing",
    needs: ["reload"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const { tried } = store.tables;
      await tried.put("a", 1);
      const failing = async (): Promise<void> =>
        store.load((fresh) => {
          fresh.tried?.put("a", 2);
          throw new Error("the source is gone");
        });
      await rejects(failing, /the source is gone/);
      deepStrictEqual(await contentOf(tried), [["a", 1]]);
    },
  },
  {
    name: "a scan that has begun goes on with its version when the store is loaded anew",
    needs: ["reload"],
    async try({ open }) {
      const store = await open({ tried: {} });
      const { tried } = store.tables;
      await tried.putMany([
        ["a", 1],
        ["b", 1],
      ]);
      const scan = tried.scan()[Symbol.iterator]();
      deepStrictEqual(scan.next().value, ["a", 1]);
      await store.load((fresh) => fresh.tried?.put("c", 2));
      deepStrictEqual(scan.next().value, ["b", 1]);
      deepStrictEqual(scan.next().done, true);
    },
  },
];
