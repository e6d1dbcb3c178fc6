import { expect, test } from "vitest";
import { Intake } from "../../src/dispatch/intake.js";
import { chunksOf } from "./chunks.js";
import { deferred, quiet } from "./deferred.js";

/** Takes so many chunks, one after the other. */
async function taking(intake: Intake<number>, count: number): Promise<(readonly number[])[]> {
  const chunks: (readonly number[])[] = [];
  for (let index = 0; index < count; index++) {
    intake.take((chunk) => chunks.push(chunk));
    await quiet();
  }
  return chunks;
}

/** An input that gives one chunk when the test says so. */
function arriving() {
  const chunk = deferred<readonly number[]>();
  const ended: string[] = [];
  const upstream: AsyncIterable<readonly number[]> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: await chunk.promise }),
      return: async () => {
        ended.push("returned");
        return { done: true, value: undefined };
      },
    }),
  };
  return { chunk, ended, intake: new Intake(upstream) };
}

test("nothing is pulled before a chunk is asked for, and then one", async () => {
  let pulled = 0;
  async function* upstream(): AsyncGenerator<number[]> {
    while (true) yield [pulled++];
  }
  const intake = new Intake(upstream());
  await quiet();
  expect(pulled).toBe(0);
  expect(await taking(intake, 1)).toEqual([[0]]);
  expect(pulled).toBe(1);
});

test("chunks come as they are, one for each time that it is asked, and nothing at the end", async () => {
  const intake = new Intake(chunksOf([[1], [2, 3], []]));
  expect(await taking(intake, 4)).toEqual([[1], [2, 3], [], []]);
});

test("it has ended when upstream has, and not after an empty chunk", async () => {
  const intake = new Intake(chunksOf<number>([[]]));
  await taking(intake, 1);
  expect(intake.hasEnded).toBe(false);
  await taking(intake, 1);
  expect([intake.hasEnded, intake.failure]).toEqual([true, undefined]);
});

test("when upstream fails that is the end, and why is kept", async () => {
  const failure = new Error("half-way");
  const intake = new Intake(chunksOf([[1]], { failure }));
  expect(await taking(intake, 2)).toEqual([[1], []]);
  expect([intake.hasEnded, intake.failure]).toEqual([true, { error: failure }]);
});

test("a chunk is on its way until it is handed over", async () => {
  const { chunk, intake } = arriving();
  expect(intake.isTaking).toBe(false);
  const states: boolean[] = [];
  intake.take(() => states.push(intake.isTaking));
  expect(intake.isTaking).toBe(true);
  chunk.resolve([1]);
  await quiet();
  expect([states, intake.isTaking]).toEqual([[false], false]);
});

test("closing waits for a chunk that is on its way, which is handed over before upstream is left", async () => {
  const { chunk, ended, intake } = arriving();
  intake.take(([record]) => ended.push(`took ${record}`));
  const closing = intake.close().then(() => ended.push("closed"));
  await quiet();
  expect(ended).toEqual([]);
  chunk.resolve([1]);
  await closing;
  expect(ended).toEqual(["took 1", "returned", "closed"]);
});

test("closing ends upstream, and nothing more will come", async () => {
  let ended = false;
  async function* upstream(): AsyncGenerator<number[]> {
    try {
      while (true) yield [1, 2];
    } finally {
      ended = true;
    }
  }
  const intake = new Intake(upstream());
  await taking(intake, 1);
  await intake.close();
  expect([ended, intake.hasEnded]).toEqual([true, true]);
});

test.each([
  ["well", undefined],
  ["with a failure", new Error("half-way")],
])("upstream that has ended by itself is not ended again (%s)", async (_, failure) => {
  let returned = 0;
  const upstream: AsyncIterable<number[]> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        if (failure) throw failure;
        return { done: true, value: undefined };
      },
      return: async () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  const intake = new Intake(upstream);
  await taking(intake, 1);
  await intake.close();
  expect(returned).toBe(0);
});
