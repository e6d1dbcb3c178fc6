import { type Item, pipe, RunConsumedError } from "slither-ts";
import { expect, test } from "vitest";
import { hops, quiet } from "../dispatch/deferred.js";
import { heldOf } from "../helpers/garbage.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, numbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";

const plain = pipe<number>("plain").node("same", (n) => n);

test("items come with id, payload, route, meta and input", async () => {
  const { items } = await consume(
    pipe<string>("texts")
      .node("length", (text) => text.length)
      .run(["abc"]),
  );
  expect(items).toEqual([{ id: 0, payload: 3, meta: {}, route: "default", input: "abc" }]);
});

test("batches() gives the same items in the same order", async () => {
  const items: Item<number>[] = [];
  for await (const batch of plain.run(upTo(250)).batches()) items.push(...batch);
  expect(items).toEqual((await consume(plain.run(upTo(250)))).items);
});

test("collect() sorts the items by output, each in input order", async () => {
  const run = pipe<number>("numbers")
    .route("split", [
      ["even", (n) => n % 2 === 0],
      ["three", (n) => n === 3],
    ])
    .run(upTo(6));
  const { outputs } = await run.collect();
  const payloads = Object.entries(outputs).map(([name, items]) => [
    name,
    items.map(({ payload }) => payload),
  ]);
  expect(Object.fromEntries(payloads)).toEqual({ even: [0, 2, 4], three: [3], default: [1, 5] });
});

test("a completed run says so in collect() and in done, with the same books", async () => {
  const run = plain.run(upTo(3));
  const { outputs, ...summary } = await run.collect();
  expect(summary).toEqual(await run.done);
  expect(summary).toMatchObject({
    status: "completed",
    rejected: [],
    ledger: { in: 3, out: 3, unfinished: 0 },
  });
  expectBalance(summary.ledger);
});

test("an empty input gives an empty array for every declared output, and balanced books", async () => {
  const session = await inlineSession({ predict: (payloads: unknown[]) => payloads });
  const run = pipe<number>("scoring")
    .node("clean", (n) => n)
    .python<number>("predict", { module: "model", function: "predict" })
    .route("split", [
      ["high", (n) => n > 1],
      ["low", (n) => n < 0],
    ])
    .run([], { session });
  const { outputs, ledger, status } = await run.collect();
  expect({ outputs, status }).toEqual({ outputs: { high: [], low: [], default: [] }, status: "completed" });
  expect(ledger).toMatchObject({ in: 0, out: 0, routes: { high: 0, low: 0, default: 0 } });
  expectBalance(ledger);
});

test("a pipe without stages gives the records as they are", async () => {
  const { items } = await consume(pipe<string>("nothing").run(["a", "b"]));
  expect(items.map(({ payload }) => payload)).toEqual(["a", "b"]);
});

const consumers = {
  "for await": (run) => payloadsOf(run),
  "batches()": async (run) => {
    for await (const _ of run.batches()) await undefined;
  },
  "collect()": (run) => run.collect(),
} satisfies Record<string, (run: ReturnType<typeof plain.run>) => Promise<unknown>>;
type Consumer = keyof typeof consumers;
const pairs = Object.keys(consumers).flatMap((first) =>
  Object.keys(consumers).map((second) => [second, first]),
);

test.each(pairs as [Consumer, Consumer][])(
  "%s of a run that %s consumed is refused",
  async (second, first) => {
    const run = plain.run([1]);
    await consumers[first](run);
    const error = await consumers[second](run).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunConsumedError);
    expect(error).toMatchObject({
      code: "SLITHER_RUN_CONSUMED",
      message: "pipe plain: this run was consumed already; call run() again for another",
    });
  },
);

test("a second consumer is refused while the first is at work, and does not disturb it", async () => {
  const run = plain.run(upTo(3));
  const [first, second] = await Promise.allSettled([run.collect(), run.collect()]);
  expect(second).toMatchObject({ status: "rejected", reason: { code: "SLITHER_RUN_CONSUMED" } });
  expect(first).toMatchObject({ status: "fulfilled", value: { ledger: { in: 3, out: 3 } } });
});

test("done resolves for a run that halted", async () => {
  const run = pipe<number>("broken")
    .node("fail", () => {
      throw new Error("broken");
    })
    .run([1]);
  await haltOf(run);
  expect(await run.done).toMatchObject({
    status: "halted",
    ledger: { in: 1, unfinished: 1, balanced: true },
  });
});

test("done resolves for a run that was aborted", async () => {
  const run = plain.run([1], { signal: AbortSignal.abort() });
  await haltOf(run);
  expect(await run.done).toMatchObject({ status: "aborted", ledger: { in: 0, balanced: true } });
});

test("done resolves for a run that its consumer left", async () => {
  const run = plain.run(upTo(3));
  for await (const _ of run) break;
  expect(await run.done).toMatchObject({ status: "stopped", ledger: { in: 3, out: 1, unfinished: 2 } });
});

test("done resolves when the body of the loop throws, and the loop throws that", async () => {
  const run = plain.run(upTo(3));
  const error = new Error("of the consumer");
  const consuming = async (): Promise<void> => {
    for await (const _ of run) throw error;
  };
  await expect(consuming()).rejects.toBe(error);
  expect(await run.done).toMatchObject({
    status: "stopped",
    ledger: { out: 1, unfinished: 2, balanced: true },
  });
});

test("done does not resolve before the run has ended", async () => {
  let ended = false;
  const run = plain.run(upTo(3));
  void run.done.then(() => {
    ended = true;
  });
  for await (const _ of run) {
    await quiet();
    expect(ended).toBe(false);
  }
  await run.done;
  expect(ended).toBe(true);
});

test("making a run pulls nothing from its input", async () => {
  const inputs = [numbers(), asyncNumbers()];
  for (const { input } of inputs) plain.run(input);
  await quiet();
  expect(inputs.map(({ given }) => given)).toEqual([0, 0]);
});

test("a run whose iterator was made but not pulled pulls nothing, and is not consumed", async () => {
  const { input } = numbers({ count: 2 });
  const run = plain.run(input);
  run[Symbol.asyncIterator]();
  await quiet();
  expect(await payloadsOf(run)).toEqual([0, 1]);
});

test("a consumer that is away lets a synchronous input be pulled one chunk of 100 ahead", async () => {
  const watched = numbers();
  const iterator = plain.run(watched.input)[Symbol.asyncIterator]();
  for (let given = 1; given <= 250; given++) {
    await iterator.next();
    await quiet();
    expect(watched.given).toBeLessThanOrEqual(given + 99);
  }
  await iterator.return(undefined);
});

test("a consumer that is away lets an asynchronous input be pulled no further than its record", async () => {
  const watched = asyncNumbers();
  const iterator = plain.run(watched.input)[Symbol.asyncIterator]();
  for (let given = 1; given <= 20; given++) {
    await iterator.next();
    await quiet();
    expect(watched.given).toBe(given);
  }
  await iterator.return(undefined);
});

/**
 * What a python stage holds at most while the consumer is away: two batches in flight and one that was pulled behind them, filled up to the next
 * chunk of what is before it; and the batch that the consumer was given.
 */
const heldBy = (batchSize: number, chunk: number): number => 4 * batchSize + chunk;

test.each([1, 7, 100, 250])(
  "a python stage with batches of %i pulls a bounded number of records ahead of a slow consumer",
  async (size) => {
    const session = await inlineSession({ same: (payloads: unknown[]) => payloads });
    const watched = numbers();
    const run = pipe<number>("scoring")
      .python<number>("predict", { module: "model", function: "same", batch: { size } })
      .run(watched.input, { session });
    let given = 0;
    for await (const _ of run) {
      given += 1;
      if (given % 50 === 1) await quiet();
      expect(watched.given - given).toBeLessThanOrEqual(heldBy(size, 100));
      if (given === 1_500) break;
    }
    expect(given).toBe(1_500);
  },
);

test("python stages behind each other hold no more than the sum of what each holds", async () => {
  const session = await inlineSession({ same: (payloads: unknown[]) => payloads });
  const watched = numbers();
  const run = pipe<number>("scoring")
    .python<number>("first", { module: "model", function: "same", batch: { size: 10 } })
    .python<number>("second", { module: "model", function: "same", batch: { size: 25 } })
    .run(watched.input, { session });
  let given = 0;
  for await (const _ of run) {
    given += 1;
    if (given % 10 === 1) await quiet();
    expect(watched.given - given).toBeLessThanOrEqual(heldBy(10, 100) + heldBy(25, 10));
    if (given === 1_000) break;
  }
  expect(given).toBe(1_000);
});

test("a run that is iterated keeps no items: its error has empty outputs", async () => {
  const run = pipe<number>("broken")
    .node("fail", (n) => {
      if (n === 150) throw new Error("broken");
      return n;
    })
    .run(upTo(200));
  const { items, thrown } = await consume(run);
  expect(items).toHaveLength(150);
  expect(thrown).toMatchObject({ outputs: {} });
});

test("items that the consumer has let go of can be collected as garbage while the run goes on", async () => {
  const references: WeakRef<object>[] = [];
  async function* input(): AsyncGenerator<{ position: number }> {
    for (let position = 0; position < 50; position++) yield { position };
  }
  const run = pipe<{ position: number }>("objects")
    .node("same", (record) => record)
    .run(input());
  for await (const { payload } of run) {
    references.push(new WeakRef(payload));
    if (references.length === 40) break;
  }
  expect(await heldOf(references.slice(0, 30), 0)).toBe(0);
});

test("stats have the duration, the rate of the records given out, and the figures of every stage", async () => {
  const session = await inlineSession({
    slow: async (payloads: unknown[]) => {
      await hops(50);
      return payloads;
    },
  });
  const run = pipe<number>("scoring")
    .node("clean", (n) => n)
    .python<number>("predict", { module: "model", function: "slow", batch: { size: 4 } })
    .run(upTo(10), { session });
  const { stats } = await run.collect();
  expect(stats.stages.clean).toEqual({ batches: 0, batchMs: 0, computeMs: 0 });
  const { batches = 0, batchMs = 0, computeMs = 0 } = stats.stages.predict ?? {};
  expect(batches).toBe(3);
  expect(computeMs).toBeGreaterThan(0);
  expect(batchMs).toBeGreaterThanOrEqual(computeMs);
  expect(stats.recordsPerSecond).toBeCloseTo((10 / stats.durationMs) * 1_000);
});

test("two runs have different ids, which name their pipe", () => {
  const ids = [plain.run([]).id, plain.run([]).id];
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(/^plain-\d+$/);
});
