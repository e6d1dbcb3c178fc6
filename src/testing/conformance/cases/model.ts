import { deepStrictEqual } from "node:assert/strict";
import { randomInt } from "node:crypto";
import type { TableKey } from "../../../store.js";
import { Dice } from "../../dice.js";
import { contentOf, sizeOf, textOf } from "../ask.js";
import type { Law, TriedTable } from "../tried.js";

/** Few, so that they meet. */
const KEYS: readonly TableKey[] = [0, 1, 1n, "1", "", true, [1], ["1"], [1, 1], "\0"];

const ACTIONS = ["put", "putMany", "update", "delete", "compareAndSet", "getMany"] as const;

const STEPS = 200;

/** A table that is a Map. */
type Model = Map<string, [TableKey, number]>;

/** Does the same to both, and compares what each says. */
async function step(tried: TriedTable, model: Model, dice: Dice): Promise<void> {
  const key = dice.pick(KEYS) as TableKey;
  const name = textOf(key);
  const value = dice.pick([0, 1, 2]) as number;
  const before = model.get(name)?.[1];
  switch (dice.pick(ACTIONS)) {
    case "put":
      model.set(name, [key, value]);
      return tried.put(key, value);
    case "putMany": {
      const other = dice.pick(KEYS) as TableKey;
      model.set(name, [key, value]).set(textOf(other), [other, value + 1]);
      return tried.putMany([
        [key, value],
        [other, value + 1],
      ]);
    }
    case "update":
      model.set(name, [key, (before ?? 0) + 1]);
      return deepStrictEqual(await tried.update(key, (present = 0) => present + 1), (before ?? 0) + 1);
    case "delete":
      return deepStrictEqual(await tried.delete(key), model.delete(name));
    case "compareAndSet": {
      const expected = dice.pick([undefined, value]);
      if (before === expected) model.set(name, [key, 7]);
      return deepStrictEqual(await tried.compareAndSet(key, expected, 7), before === expected);
    }
    default:
      return deepStrictEqual(
        await tried.getMany(KEYS),
        KEYS.map((each) => model.get(textOf(each))?.[1]),
      );
  }
}

export const MODEL: readonly Law[] = [
  {
    name: "a table does what a Map would, whatever is done to it",
    async try({ open }) {
      const { tried } = (await open({ tried: {} })).tables;
      const seed = randomInt(2 ** 31);
      const [model, dice]: [Model, Dice] = [new Map(), new Dice(seed, "model")];
      try {
        for (let done = 0; done < STEPS; done += 1) await step(tried, model, dice);
        deepStrictEqual(await sizeOf(tried), model.size);
        const content = [...model.values()].sort(([one], [other]) => (textOf(one) < textOf(other) ? -1 : 1));
        deepStrictEqual(await contentOf(tried), content);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    },
  },
];
