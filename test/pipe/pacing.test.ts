import fc from "fast-check";
import {
  adaptive,
  type Batching,
  fixed,
  keyed,
  microBatch,
  OptionsError,
  type PythonStageOptions,
  pipe,
  retry,
  type Session,
  weighted,
} from "slither-ts";
import { fakeClock } from "slither-ts/testing";
import { expect, test } from "vitest";
import { deferred, hops, quiet } from "../dispatch/deferred.js";
import { sharedEngine } from "../helpers/engine.js";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { expectBalance } from "./runs.js";
import { scriptedEngine } from "./scripted-engine.js";

const engine = sharedEngine();

const predict = { module: "model", function: "predict" };

/** A session that doubles numbers, and notes the batches that it was given. */
async function doubling(): Promise<{ session: Session; batches: number[][] }> {
  const batches: number[][] = [];
  const session = await inlineSession({
    predict: (payloads: number[]) => {
      batches.push(payloads);
      return payloads.map((payload) => payload * 2);
    },
  });
  return { session, batches };
}

/** The requests that are sent before any is answered. */
async function sentAtOnce(
  options: Partial<PythonStageOptions<number, number>>,
  replicas?: number,
): Promise<number> {
  const { engine: scripted, workers } = scriptedEngine({ forks: true });
  const session = await scripted.session({ checkpoint: "manual" });
  const controller = new AbortController();
  const run = pipe<number>("p")
    .python<number>("predict", { ...predict, batch: { size: 1 }, ...options })
    .run(upTo(50), { session, replicas, signal: controller.signal });
  const ending = run.collect().catch(() => {});
  await quiet();
  const sent = workers.flatMap((worker) => worker.sent).length;
  controller.abort(new Error("enough"));
  await quiet();
  for (const worker of workers) for (const { reply } of worker.sent) reply.reject(new Error("enough"));
  await scripted.close();
  await ending;
  return sent;
}

test.each([
  ["two for each process", {}, undefined, 2],
  ["two for each process of two", {}, 2, 4],
  ["as many as `perProcess` says", { inFlight: { perProcess: 5 } }, undefined, 5],
  ["as many as `perProcess` says for each of two", { inFlight: { perProcess: 3 } }, 2, 6],
  ["no more than `perStage` says", { inFlight: { perProcess: 3, perStage: 4 } }, 2, 4],
])("batches in flight: %s", async (_, options, replicas, expected) => {
  expect(await sentAtOnce(options, replicas)).toBe(expected);
});

test("a node stage works on as many records at once as `concurrency` says, also while some are tried again", async () => {
  let working = 0;
  let most = 0;
  const seen = new Set<number>();
  const run = pipe<number>("p")
    .node(
      "call",
      async (n) => {
        working += 1;
        most = Math.max(most, working);
        await hops(n % 7);
        working -= 1;
        if (n % 3 === 0 && !seen.has(n)) {
          seen.add(n);
          throw new TypeError("busy");
        }
        return n * 2;
      },
      { concurrency: 4 },
    )
    .onError("call", retry({ on: [TypeError], backoff: "1ms", jitter: false }))
    .run(upTo(100));
  const { outputs, ledger } = await run.collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(upTo(100).map((n) => n * 2));
  expect(most).toBe(4);
  expectBalance(ledger);
});

test("under `as-completed` a slow record holds up nobody, under `preserve` those behind it wait", async () => {
  for (const ordering of ["as-completed", "preserve"] as const) {
    const slow = deferred();
    const run = pipe<number>("p", { ordering })
      .node("call", async (n) => (n === 0 ? slow.promise.then(() => n) : n), { concurrency: 2 })
      .run(upTo(4));
    const order: number[] = [];
    const reading = (async () => {
      for await (const { payload } of run) order.push(payload);
    })();
    await quiet();
    expect(order).toEqual(ordering === "preserve" ? [] : [1, 2, 3]);
    slow.resolve();
    await reading;
    expect(order).toEqual(ordering === "preserve" ? [0, 1, 2, 3] : [1, 2, 3, 0]);
  }
});

test("what a stage says of `ordering` holds for it, whatever the pipe says", async () => {
  const slow = deferred();
  const run = pipe<number>("p", { ordering: "as-completed" })
    .node("call", async (n) => (n === 0 ? slow.promise.then(() => n) : n), {
      concurrency: 2,
      ordering: "preserve",
    })
    .run(upTo(3));
  const all = run.collect();
  await quiet();
  slow.resolve();
  expect((await all).outputs.default.map(({ id }) => id)).toEqual([0, 1, 2]);
});

test.each([
  ["rows", { rows: 30 }, (n: number) => n],
  ["bytes", { bytes: 3_000 }, (n: number) => ({ n, data: new Float64Array(12) })],
])(
  "a stage that holds as much as its `buffer` says in %s takes no more behind a slow record",
  async (_, buffer, payloadOf) => {
    const slow = deferred();
    let given = 0;
    function* records(): Generator<unknown> {
      for (let n = 0; n < 5_000; n += 1) {
        given += 1;
        yield payloadOf(n);
      }
    }
    const run = pipe<unknown>("p")
      .node("call", async (_payload, { id }) => (id === 0 ? slow.promise : undefined), {
        concurrency: 2,
        buffer,
      })
      .run(records());
    const all = run.collect();
    await quiet();
    await quiet();
    // The chunk that is one too many was taken as a whole.
    expect(given).toBeLessThanOrEqual(200);
    slow.resolve();
    expect((await all).ledger.out).toBe(5_000);
  },
);

test("a rate limit lets so many records of a key through in any stretch of its length, and others go by", async () => {
  const clock = fakeClock();
  const calls: { readonly at: number; readonly n: number }[] = [];
  const run = pipe<number>("p", { ordering: "as-completed" })
    .node(
      "call",
      (n) => {
        calls.push({ at: clock.now(), n });
        return n;
      },
      { concurrency: 8, rateLimit: { limit: 2, per: "1s", key: (n) => (n < 6 ? "busy" : "idle") } },
    )
    .run(upTo(8), { clock });
  const all = run.collect();
  await clock.sleeping();
  expect(calls.map(({ n }) => n)).toEqual([0, 1, 6, 7]);
  await clock.advance("1s");
  expect(calls.slice(4)).toEqual([
    { at: 1_000, n: 2 },
    { at: 1_000, n: 3 },
  ]);
  await clock.advance("1s");
  expect((await all).ledger.out).toBe(8);
});

test("a key that is no key would limit nothing: its record fails", async () => {
  const run = pipe<number>("p")
    .node("call", (n) => n, {
      rateLimit: {
        limit: 1,
        per: "1s",
        key: ((n: number) => (n === 1 ? Promise.resolve("a") : "a")) as never,
      },
    })
    .onError("call", "reject")
    .run(upTo(2));
  const { rejected } = await run.collect();
  expect(rejected.map(({ id, reason }) => [id, reason])).toEqual([
    [1, "expected key() of the rate limit to return text or a number, got a Promise (await it first)"],
  ]);
});

test("records that may be sent do not wait, at the end of the input, for those of another key that may not", async () => {
  const clock = fakeClock();
  const { session, batches } = await doubling();
  const run = pipe<number>("p", { ordering: "as-completed" })
    .python<number>("predict", {
      ...predict,
      rateLimit: { limit: 2, per: "1h", key: (n) => (n < 3 ? "busy" : "idle") },
    })
    .run(upTo(5), { session, clock });
  const all = run.collect();
  await clock.sleeping();
  await quiet();
  expect(batches.flat()).toEqual([0, 1, 3, 4]);
  await clock.advance("1h");
  expect((await all).ledger.out).toBe(5);
});

test.each([
  ["a stateful stage", { stateful: true }, "beside `stateful`"],
  ["keyed batches", { batch: keyed<number>({ key: (n) => n }) }, "beside keyed() batching"],
])("%s cannot have a rate limit by key, whose records overtake each other", (_, options, message) => {
  const rateLimit = { limit: 1, per: "1s", key: (n: number) => n } as const;
  expect(() => pipe<number>("p").python("x", { ...predict, ...options, rateLimit })).toThrow(message);
});

test("a rate limit counts the records of a python stage, and cuts batches that are larger", async () => {
  const clock = fakeClock();
  const { session, batches } = await doubling();
  const run = pipe<number>("p")
    .python<number>("predict", { ...predict, rateLimit: { limit: 3, per: "1s" } })
    .run(upTo(7), { session, clock });
  const all = run.collect();
  await clock.sleeping();
  await quiet();
  expect(batches).toEqual([[0, 1, 2]]);
  await clock.advance("1s");
  await clock.advance("1s");
  expect((await all).outputs.default.map(({ payload }) => payload)).toEqual(upTo(7).map((n) => n * 2));
  expect(batches).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
});

test("records that come slowly go in a batch when the first of them has waited long enough", async () => {
  const clock = fakeClock();
  const { session, batches } = await doubling();
  const taken = deferred();
  const more = deferred();
  async function* records(): AsyncGenerator<number> {
    yield* [0, 1, 2];
    taken.resolve();
    await more.promise;
    yield 3;
  }
  const run = pipe<number>("p")
    .python<number>("predict", { ...predict, batch: microBatch({ maxWait: "50ms" }) })
    .run(records(), { session, clock });
  const all = run.collect();
  await taken.promise;
  await quiet();
  expect(batches).toEqual([]);
  await clock.advance("50ms");
  await quiet();
  expect(batches).toEqual([[0, 1, 2]]);
  more.resolve();
  expect((await all).ledger.out).toBe(4);
});

test("the statistics of a run show what adaptive batching has chosen", async () => {
  const session = await engine().session();
  const run = pipe<number>("p")
    .python<number>("double", {
      module: "batches_seen",
      function: "slow_by_size",
      batch: adaptive({ latency: "40ms", maxSize: 4_000 }),
    })
    .run(upTo(3_000), { session });
  const { stats, ledger } = await run.collect();
  expect(stats.stages.double?.batching).toMatchObject({
    name: "adaptive",
    size: expect.any(Number),
    throughput: expect.any(Number),
    durationMs: expect.any(Number),
  });
  expectBalance(ledger);
});

test("keyed batches: Python sees batches of one key, each key's records in order", async () => {
  const session = await engine().session();
  await session.call("batches_seen", "forget");
  const records = upTo(500).map((n) => ({ key: `k${(n * n) % 7}`, n }));
  const run = pipe<{ key: string; n: number }>("p")
    .python<number>("note", {
      module: "batches_seen",
      function: "note",
      batch: keyed({ key: ({ key }) => key, size: 20 }),
    })
    .run(records, { session });
  const { outputs } = await run.collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(upTo(500));
  const seen = await session.call<{ key: string; n: number }[][]>("batches_seen", "noted");
  for (const batch of seen) expect(new Set(batch.map(({ key }) => key)).size).toBe(1);
  for (const wanted of new Set(records.map(({ key }) => key))) {
    const ofKey = (batch: { key: string; n: number }[]): number[] =>
      batch.filter(({ key }) => key === wanted).map(({ n }) => n);
    expect(seen.flatMap(ofKey)).toEqual(ofKey(records));
  }
});

const batching: fc.Arbitrary<Batching<number>> = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map((size) => fixed(size)),
  fc.integer({ min: 1, max: 40 }).map((maxWeight) => weighted<number>({ maxWeight, weight: (n) => n % 11 })),
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20 }))
    .map(([keys, size]) => keyed<number>({ key: (n) => n % keys, size })),
  fc.integer({ min: 1, max: 30 }).map((maxSize) => microBatch({ maxSize, maxWait: "1ms" })),
  fc.integer({ min: 1, max: 20 }).map((maxSize) => adaptive({ latency: "1ms", maxSize })),
);

test("whatever the batching, order, places, buffers and replicas: the outputs are those of batches of one", async () => {
  const stage = fc.record({
    batching,
    ordering: fc.constantFrom("preserve" as const, "as-completed" as const),
    perProcess: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 1, max: 60 }),
    concurrency: fc.integer({ min: 1, max: 5 }),
    delays: fc.array(fc.nat(6), { minLength: 1, maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(stage, fc.integer({ min: 0, max: 150 }), async (given, count) => {
      let calls = 0;
      const session = await inlineSession({
        predict: async (payloads: number[]) => {
          await hops(given.delays[calls++ % given.delays.length] as number);
          return payloads.map((payload) => payload * 2);
        },
      });
      const run = pipe<number>("p", { ordering: given.ordering })
        .node(
          "before",
          async (n) => {
            await hops(given.delays[n % given.delays.length] as number);
            return n + 1;
          },
          { concurrency: given.concurrency },
        )
        .python<number>("predict", {
          ...predict,
          batch: given.batching,
          inFlight: { perProcess: given.perProcess },
          buffer: { rows: given.rows },
        })
        .run(upTo(count), { session });
      const { outputs, ledger } = await run.collect();
      const got = outputs.default.map(({ payload }) => payload);
      if (given.ordering === "as-completed") got.sort((one, other) => one - other);
      expect(got).toEqual(upTo(count).map((n) => (n + 1) * 2));
      expectBalance(ledger);
    }),
    { numRuns: 100 },
  );
});

test.each([
  [
    "batch: 100",
    { batch: 100 },
    "expected `batch` to be an object with `size`, or weighted(), keyed(), microBatch(), adaptive() or batching of your own, got `100` (number)",
  ],
  ["batch: { sise: 3 }", { batch: { sise: 3 } }, "unknown option `batch.sise`, did you mean `size`?"],
  [
    "ordering: by size",
    { ordering: "size" },
    'expected `ordering` to be "preserve" or "as-completed", got `"size"` (string)',
  ],
  ["inFlight: 3", { inFlight: 3 }, "expected `inFlight` to be an object, got `3` (number)"],
  [
    "buffer.rows: 0",
    { buffer: { rows: 0 } },
    "expected `buffer.rows` to be a positive integer, got `0` (number)",
  ],
  ["a rate limit without `per`", { rateLimit: { limit: 3 } }, "expected `rateLimit.per` to be a duration"],
])("refused by name: %s", (_, options, message) => {
  const build = (): unknown =>
    pipe<number>("p").python("predict", { ...predict, ...options } as unknown as PythonStageOptions);
  expect(build).toThrow(OptionsError);
  expect(build).toThrow(message);
});

test("refused by name: a node stage with no concurrency", () => {
  expect(() => pipe<number>("p").node("call", (n) => n, { concurrency: 0 })).toThrow(
    "expected `concurrency` to be a positive integer, got `0` (number)",
  );
});
