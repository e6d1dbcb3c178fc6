import { expect, test } from "vitest";
import { Intake } from "../../src/dispatch/intake.js";
import { FixedBatches } from "../../src/dispatch/strategies/fixed.js";
import { chunksOf } from "./chunks.js";
import { deferred, quiet } from "./deferred.js";

function intakeOf(upstream: AsyncIterable<readonly number[]>, batchSize = 2): Intake<number> {
  return new Intake(upstream, new FixedBatches<number>(batchSize));
}

test("chunks are cut into batches across their borders, and the rest comes last", async () => {
  const intake = intakeOf(chunksOf([[1], [2, 3, 4], [5]]));
  const batches = [await intake.next(), await intake.next(), await intake.next(), await intake.next()];
  expect(batches).toEqual([[1, 2], [3, 4], [5], undefined]);
});

test("nothing is pulled before a batch is asked for", async () => {
  let pulled = 0;
  async function* upstream(): AsyncGenerator<number[]> {
    pulled += 1;
    yield [1, 2];
  }
  const intake = intakeOf(upstream());
  await quiet();
  expect(pulled).toBe(0);
  await intake.next();
  expect(pulled).toBe(1);
});

test("no more chunks are pulled than the batch that was asked for needs", async () => {
  let pulled = 0;
  async function* upstream(): AsyncGenerator<number[]> {
    while (true) {
      pulled += 1;
      yield [pulled];
    }
  }
  const intake = intakeOf(upstream(), 3);
  await intake.next();
  await quiet();
  expect(pulled).toBe(3);
});

test("when upstream fails, what came before is given out, also the partial batch, and the failure is kept", async () => {
  const failure = new Error("half-way");
  const intake = intakeOf(chunksOf([[1, 2, 3]], { failure }));
  expect([await intake.next(), await intake.next(), await intake.next()]).toEqual([[1, 2], [3], undefined]);
  expect(intake.failure).toEqual({ error: failure });
});

test("there is no failure when upstream ends well", async () => {
  const intake = intakeOf(chunksOf([[1]]));
  await intake.next();
  expect(intake.failure).toBeUndefined();
});

test("`held` is what was pulled and not given out, in order: whole batches and the start of the next", async () => {
  const intake = intakeOf(chunksOf([[1, 2, 3, 4, 5]]));
  await intake.next();
  expect(intake.held).toEqual([3, 4, 5]);
});

test("a batch that is put back is counted, and comes first again", async () => {
  const intake = intakeOf(chunksOf([[1, 2, 3, 4]]));
  const batch = await intake.next();
  intake.putBack(batch as number[]);
  expect(intake.held).toEqual([1, 2, 3, 4]);
  expect(await intake.next()).toEqual([1, 2]);
});

test("closing waits for a pull that is under way, and what it brings is not lost", async () => {
  const arriving = deferred<number[]>();
  const answers = [arriving.promise.then((value) => ({ done: false as const, value }))];
  // Without a `return` that would wait for it.
  const upstream: AsyncIterable<number[]> = {
    [Symbol.asyncIterator]: () => ({ next: async () => answers.shift() ?? { done: true, value: undefined } }),
  };
  const intake = intakeOf(upstream, 5);
  const next = intake.next();
  let closed = false;
  const closing = intake.close().then(() => {
    closed = true;
  });
  await quiet();
  expect(closed).toBe(false);
  arriving.resolve([1, 2, 3]);
  await closing;
  intake.putBack((await next) ?? []);
  expect(intake.held).toEqual([1, 2, 3]);
});

test("closing ends upstream", async () => {
  let ended = false;
  async function* upstream(): AsyncGenerator<number[]> {
    try {
      while (true) yield [1, 2];
    } finally {
      ended = true;
    }
  }
  const intake = intakeOf(upstream());
  await intake.next();
  await intake.close();
  expect(ended).toBe(true);
});

test("upstream that has ended by itself is not ended again", async () => {
  let returned = 0;
  const upstream: AsyncIterable<number[]> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: true, value: undefined }),
      return: async () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  const intake = intakeOf(upstream);
  await intake.next();
  await intake.close();
  expect(returned).toBe(0);
});
