import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { TableKey } from "../../../store.js";
import { contentOf, entriesOf, sizeOf } from "../ask.js";
import type { Law } from "../tried.js";

export const WRITES: readonly Law[] = [
  {
    name: "a new table is empty",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      strictEqual(await tried.get("a"), undefined);
      strictEqual(await tried.has("a"), false);
      strictEqual(await sizeOf(tried), 0);
      deepStrictEqual(await tried.getMany(["a", "b"]), [undefined, undefined]);
      deepStrictEqual(await contentOf(tried), []);
    },
  },
  {
    name: "a value is there after put(), and another takes its place",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.put("a", 1);
      await tried.put("a", { b: 2 });
      deepStrictEqual(await tried.get("a"), { b: 2 });
      strictEqual(await tried.has("a"), true);
      strictEqual(await sizeOf(tried), 1);
    },
  },
  {
    name: "a scan gives the entries in the order in which they were written",
    needs: ["inOrder"],
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const entries: [TableKey, number][] = ["d", "a", ["c"], 9, "b", 1n].map((key, index) => [key, index]);
      for (const [key, value] of entries) await tried.put(key, value);
      deepStrictEqual(await entriesOf(tried), entries);
    },
  },
  {
    name: "getMany() gives the values in the order of the keys, also of one that comes twice",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.putMany([
        ["a", 1],
        ["b", 2],
      ]);
      deepStrictEqual(await tried.getMany(["b", "none", "a", "b"]), [2, undefined, 1, 2]);
      deepStrictEqual(await tried.getMany([]), []);
    },
  },
  {
    name: "of two values that putMany() sets for one key the last counts",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.putMany([
        ["a", 1],
        ["a", 2],
      ]);
      deepStrictEqual(await contentOf(tried), [["a", 2]]);
      await tried.putMany([]);
      strictEqual(await sizeOf(tried), 1);
    },
  },
  {
    name: "entries that fail while they are read set nothing",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      function* entries(): Generator<[string, number]> {
        yield ["a", 1];
        throw new Error("half-way");
      }
      await rejects(async () => tried.putMany(entries()), /half-way/);
      strictEqual(await sizeOf(tried), 0);
    },
  },
  {
    name: "update() is given what is there, and gives back what it has set",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const seen: unknown[] = [];
      const change = (present: number | undefined): number => {
        seen.push(present);
        return (present ?? 0) + 1;
      };
      strictEqual(await tried.update("a", change), 1);
      strictEqual(await tried.update("a", change), 2);
      deepStrictEqual(seen, [undefined, 1]);
      strictEqual(await tried.get("a"), 2);
    },
  },
  {
    name: "a change that throws changes nothing, and its error comes out",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.put("a", 1);
      const error = new Error("no");
      const failing = async (): Promise<unknown> =>
        tried.update("a", () => {
          throw error;
        });
      await rejects(failing, (thrown) => thrown === error);
      strictEqual(await tried.get("a"), 1);
      strictEqual(await tried.update("a", (present) => present + 1), 2);
    },
  },
  {
    name: "delete() says whether there was one",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await tried.put("a", 1);
      strictEqual(await tried.delete("a"), true);
      strictEqual(await tried.delete("a"), false);
      strictEqual(await tried.get("a"), undefined);
      strictEqual(await sizeOf(tried), 0);
    },
  },
  {
    name: "compareAndSet() sets where the present value is deeply equal, and nowhere else",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      strictEqual(await tried.compareAndSet("a", 1, 2), false);
      strictEqual(await tried.compareAndSet("a", undefined, { n: [1] }), true);
      strictEqual(await tried.compareAndSet("a", undefined, 2), false);
      strictEqual(await tried.compareAndSet("a", { n: [2] }, 2), false);
      strictEqual(await tried.compareAndSet("a", { n: ["1"] }, 2), false);
      strictEqual(await tried.compareAndSet("a", { n: [1] }, 2), true);
      strictEqual(await tried.get("a"), 2);
    },
  },
  {
    name: "two tables of one store have nothing of each other",
    async try({ open }) {
      const { one, other } = (await open({ one: {}, other: {} })).tables;
      await one.put("a", 1);
      strictEqual(await other.get("a"), undefined);
      strictEqual(await sizeOf(other), 0);
      strictEqual(await other.delete("a"), false);
      strictEqual(await one.get("a"), 1);
    },
  },
];
