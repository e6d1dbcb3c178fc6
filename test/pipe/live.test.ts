import {
  type DeadLetterSink,
  filter,
  live,
  many,
  microBatch,
  OptionsError,
  pipe,
  reject,
  retry,
  routeTo,
} from "slither-ts";
import { crash, fakeClock, inline } from "slither-ts/testing";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { Broker } from "./broker.js";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { even, haltingAt, increase, plain, predicting } from "./live-pipes.js";
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";

describe("live()", () => {
  test.each([undefined, 7, "text", new Set([1])])("refuses %s, which is no async iterable", (value) => {
    expect(() => live(value as never)).toThrow(OptionsError);
    expect(() => live(value as never)).toThrow("expected an async iterable of deliveries, got");
  });

  test("is an input of the records' type", () => {
    const source = live(new Broker([{ name: "a" }]).deliveries);
    expectTypeOf(pipe<{ name: string }>("p").run).toBeCallableWith(source);
    // @ts-expect-error the records are no numbers
    expectTypeOf(plain.run).toBeCallableWith(source);
  });

  test("gives the same items as its records would, and a ledger that balances", async () => {
    const broker = new Broker([5, 6]);
    const { outputs, ledger, live: told } = await even.run(live(broker.deliveries)).collect();
    expect(outputs.default).toEqual([{ id: 1, payload: 6, input: 6, meta: {}, route: "default" }]);
    expectBalance(ledger);
    expect(told).toEqual({ acknowledged: 2, returned: 0, mayComeTwice: [] });
  });

  test("an input that is not live has no such summary", async () => {
    expect(await plain.run([1]).collect()).not.toHaveProperty("live");
  });

  test("two runs over one live source each tell of what they have taken", async () => {
    const broker = new Broker(upTo(4));
    const source = live(broker.deliveries);
    for await (const { payload } of plain.run(source)) if (payload === 1) break;
    expect(await payloadsOf(plain.run(source))).toEqual([2, 3]);
    expect({ acked: broker.acked, nacked: broker.nacked }).toEqual({ acked: [0, 2, 3], nacked: [1] });
  });
});

describe("a record that was given out is acknowledged", () => {
  test("when a loop comes back for the next, and not before", async () => {
    const broker = new Broker(upTo(3));
    const seen: unknown[] = [];
    for await (const { payload } of plain.run(live(broker.deliveries))) seen.push([payload, broker.acked]);
    expect(seen).toEqual([
      [0, []],
      [1, [0]],
      [2, [0, 1]],
    ]);
    expect(broker.acked).toEqual([0, 1, 2]);
  });

  test("when the next batch is asked for, and not before, each record of it", async () => {
    const broker = new Broker(upTo(4));
    const session = await inlineSession(increase);
    const seen: unknown[] = [];
    for await (const items of predicting(2).run(live(broker.deliveries), { session }).batches())
      seen.push([items.map(({ input }) => input), broker.acked]);
    expect(seen).toEqual([
      [[0, 1], []],
      [
        [2, 3],
        [0, 1],
      ],
    ]);
    expect(broker.acked).toEqual([0, 1, 2, 3]);
  });

  test("at the end of collect(), and not before", async () => {
    const broker = new Broker(upTo(2), { stays: true });
    const run = plain.run(live(broker.deliveries));
    const collecting = run.collect();
    await quiet();
    expect(broker.told).toEqual([]);
    run.drain();
    await collecting;
    expect(broker.acked).toEqual([0, 1]);
  });

  test("not when collect() throws: what only its error has is given back, and may come twice", async () => {
    const broker = new Broker(upTo(5));
    const run = haltingAt(3).run(live(broker.deliveries));
    const { outputs } = await haltOf(run);
    expect(outputs.default?.map(({ payload }) => payload)).toEqual([0, 1, 2]);
    expect(broker.acked).toEqual([]);
    expect((await run.done).live?.mayComeTwice).toEqual([0, 1, 2]);
  });

  test("whatever output it goes to", async () => {
    const broker = new Broker(upTo(6));
    const routed = plain
      .node("early", (n) => (n === 5 ? routeTo("early") : n))
      .route("size", [["small", (n) => n < 2]])
      .branch("small", (small) => small.node("same", (n) => n))
      .run(live(broker.deliveries));
    const { outputs } = await routed.collect();
    expect(outputs).toMatchObject({ default: { length: 3 }, small: { length: 2 }, early: { length: 1 } });
    expect(broker.acked.toSorted()).toEqual(upTo(6));
  });

  test("in the order in which it is given out, with as-completed", async () => {
    const slow = deferred();
    const broker = new Broker(upTo(3));
    const run = plain
      .node("wait", async (n) => (n === 0 ? slow.promise.then(() => n) : n), {
        concurrency: 3,
        ordering: "as-completed",
      })
      .run(live(broker.deliveries));
    for await (const { payload } of run) if (payload === 2) slow.resolve();
    expect(broker.acked).toEqual([1, 2, 0]);
    broker.expectToldOnce();
  });

  test("when it was tried again, once", async () => {
    const broker = new Broker(upTo(4));
    const clock = fakeClock();
    let calls = 0;
    const session = await inlineSession({
      increase: (payloads: number[]) => {
        calls += 1;
        if (calls === 1) throw new Error("not yet");
        return payloads.map((n) => n + 1);
      },
    });
    const run = predicting(4)
      .onError("predict", retry({ on: ["Error"], jitter: false }))
      .run(live(broker.deliveries), { session, clock });
    const collecting = run.collect();
    await clock.sleeping();
    expect(broker.told).toEqual([]);
    await clock.advance("200ms");
    await collecting;
    expect(broker.acked).toEqual(upTo(4));
  });

  test("when it went through several python stages, whose process died, once", async () => {
    const broker = new Broker(upTo(50));
    const engine = inline({
      modules: { model: increase },
      faults: ({ attempt }) => (attempt % 7 === 3 ? crash({ signal: "SIGKILL" }) : undefined),
    });
    onTestFinished(() => engine.close());
    const session = await engine.session({ setup: () => {} });
    const run = predicting(4)
      .python<number>("again", { module: "model", function: "increase", batch: { size: 3 } })
      .run(live(broker.deliveries), { session });
    expect(await payloadsOf(run)).toEqual(upTo(50).map((n) => n + 2));
    expect(broker.acked).toEqual(upTo(50));
  });
});

describe("a record that is not given out is acknowledged", () => {
  test("when it is filtered, at once", async () => {
    const broker = new Broker(upTo(2), { stays: true });
    const run = plain.node("none", () => filter("none")).run(live(broker.deliveries));
    const consuming = consume(run);
    await broker.toldOf(2);
    expect(broker.acked).toEqual([0, 1]);
    run.drain();
    await consuming;
  });

  test("when many() makes nothing of it, at once", async () => {
    const broker = new Broker([0], { stays: true });
    const run = plain.node("none", () => many([])).run(live(broker.deliveries));
    const consuming = consume(run);
    await broker.toldOf(1);
    expect(broker.acked).toEqual([0]);
    run.drain();
    await consuming;
  });

  test("when it is rejected and there is no sink, at once", async () => {
    const broker = new Broker([1, 3], { stays: true });
    const run = even.run(live(broker.deliveries));
    const consuming = consume(run);
    await broker.toldOf(2);
    expect(broker.acked).toEqual([1, 3]);
    run.drain();
    await consuming;
  });

  test("when the sink has taken its letter, and not before", async () => {
    const broker = new Broker([1], { stays: true });
    const [given, taken] = [deferred(), deferred()];
    const deadLetter: DeadLetterSink = {
      write: () => {
        given.resolve();
        return taken.promise;
      },
      close: async () => {},
    };
    const run = even.run(live(broker.deliveries), { deadLetter });
    const consuming = consume(run);
    await given.promise;
    await quiet();
    expect(broker.told).toEqual([]);
    taken.resolve();
    await broker.toldOf(1);
    expect(broker.acked).toEqual([1]);
    run.drain();
    await consuming;
  });
});

describe("a record of which several were made is acknowledged", () => {
  test("when all of them have their outcome, each another", async () => {
    const broker = new Broker([0, 10]);
    const run = plain
      .node("divide", (n) => many([n, n + 1, n + 2]))
      .node("end", (n) => {
        if (n % 10 === 1) return filter("one");
        return n % 10 === 2 ? reject("two") : n;
      })
      .run(live(broker.deliveries));
    const seen: unknown[] = [];
    for await (const { payload } of run) seen.push([payload, broker.acked]);
    expect(seen).toEqual([
      [0, []],
      [10, [0]],
    ]);
    expect(broker.acked).toEqual([0, 10]);
  });

  test("also when those have gone to different outputs", async () => {
    const broker = new Broker([0]);
    const run = plain
      .node("divide", (n) => many([n, n + 1]))
      .route("parity", [["odd", (n) => n % 2 === 1]])
      .run(live(broker.deliveries));
    const seen: unknown[] = [];
    for await (const { route } of run) seen.push([route, broker.acked]);
    expect(seen).toEqual([
      ["default", []],
      ["odd", []],
    ]);
    expect(broker.acked).toEqual([0]);
  });
});

test("with 1,000 acks that have no answer, no more is taken until one has", async () => {
  const answers: (() => void)[] = [];
  const broker = new Broker(upTo(3_000), { answer: () => new Promise((resolve) => answers.push(resolve)) });
  const run = plain.node("none", () => filter("none")).run(live(broker.deliveries));
  const consuming = consume(run);
  await broker.toldOf(1_000);
  await quiet();
  expect(broker.given).toBe(1_000);
  answers[0]?.();
  await broker.toldOf(1_001);
  await quiet();
  expect(broker.given).toBe(1_001);
  run.drain();
  for (const answer of answers) answer();
  await consuming;
  expect(broker.told).toHaveLength(1_001);
});

describe("a broker whose prefetch limit is smaller than a batch", () => {
  test("flows with microBatch", async () => {
    const broker = new Broker(upTo(10), { prefetch: 3 });
    const session = await inlineSession(increase);
    const clock = fakeClock();
    const run = plain
      .python<number>("predict", {
        module: "model",
        function: "increase",
        batch: microBatch({ maxSize: 8, maxWait: "20ms" }),
      })
      .run(live(broker.deliveries), { session, clock });
    const items: number[] = [];
    const consuming = (async () => {
      for await (const { payload } of run) items.push(payload);
    })();
    let isConsumed = false;
    const ended = consuming.then(() => {
      isConsumed = true;
    });
    while (!isConsumed) {
      await Promise.race([ended, clock.sleeping()]);
      await clock.advance("20ms");
    }
    await consuming;
    expect(items).toEqual(upTo(10).map((n) => n + 1));
    expect(broker.acked).toEqual(upTo(10));
  });

  test("waits with a fixed size, and a drain frees it", async () => {
    const broker = new Broker(upTo(10), { prefetch: 3 });
    const session = await inlineSession(increase);
    const run = predicting(8).run(live(broker.deliveries), { session });
    const payloads = payloadsOf(run);
    await quiet();
    expect({ given: broker.given, told: broker.told }).toEqual({ given: 3, told: [] });
    run.drain();
    expect(await payloads).toEqual([1, 2, 3]);
  });
});
