import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { contentOf, readWhile } from "../ask.js";
import type { Law } from "../tried.js";

const MANY = 50;

export const CONCURRENCY: readonly Law[] = [
  {
    name: "no update of one key is lost, however many run at once",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const all = Array.from({ length: MANY }, () => tried.update("count", (present = 0) => present + 1));
      const given = (await Promise.all(all)) as number[];
      strictEqual(await tried.get("count"), MANY);
      deepStrictEqual(
        given.sort((one, other) => one - other),
        Array.from({ length: MANY }, (_, index) => index + 1),
      );
    },
  },
  {
    name: "of many that compare and set the same at once, one does",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const all = Array.from({ length: MANY }, (_, index) =>
        tried.compareAndSet("lock", undefined, { index }),
      );
      const winners = (await Promise.all(all)).flatMap((won, index) => (won ? [{ index }] : []));
      strictEqual(winners.length, 1);
      deepStrictEqual(await tried.get("lock"), winners[0]);
    },
  },
  {
    name: "a reader sees all that one putMany() has set, or nothing of it",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const keys = Array.from({ length: 20 }, (_, index) => index);
      const write = async (): Promise<void> => {
        for (let round = 1; round <= 20; round += 1) await tried.putMany(keys.map((key) => [key, round]));
      };
      await readWhile(write(), async () => {
        const seen = new Set((await tried.getMany(keys)) as unknown[]);
        strictEqual(seen.size, 1, `values of several rounds: ${[...seen].join()}`);
      });
    },
  },
  {
    name: "writes of one caller are done in the order of the calls",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      await Promise.all([tried.put("a", 1), tried.put("a", 2), tried.delete("a"), tried.put("a", 3)]);
      deepStrictEqual(await contentOf(tried), [["a", 3]]);
    },
  },
];
