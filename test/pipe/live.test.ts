import {
  AcknowledgeError,
  type DeadLetterSink,
  type Delivery,
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
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";

const plain = pipe<number>("p");

/** Rejects odd numbers. */
const even = plain.node("even", (n) => (n % 2 === 1 ? reject("odd") : n));

const increase = { increase: (payloads: number[]) => payloads.map((n) => n + 1) };

function predicting(size: number, name = "predict") {
  return plain.python<number>(name, { module: "model", function: "increase", batch: { size } });
}

/** A pipe that halts at a number. */
function haltingAt(bad: number) {
  return plain.node("check", (n) => {
    if (n === bad) throw new Error(`${bad} is bad`);
    return n;
  });
}

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

  test("also when collect() throws: what was collected is in the error", async () => {
    const broker = new Broker(upTo(5));
    const { outputs } = await haltOf(haltingAt(3).run(live(broker.deliveries)));
    expect(outputs.default?.map(({ payload }) => payload)).toEqual([0, 1, 2]);
    expect(broker.acked).toEqual([0, 1, 2]);
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

describe("what is not finished is given back", () => {
  test("with the reason, when a run halts; those before the bad record are acknowledged", async () => {
    const broker = new Broker(upTo(100));
    const { thrown } = await consume(haltingAt(20).run(live(broker.deliveries)));
    expect(broker.acked).toEqual(upTo(20));
    expect(broker.nacked).toContain(20);
    const { cause } = thrown as Error;
    expect(cause).toEqual(new Error("20 is bad"));
    expect(broker.told.filter(({ call }) => call === "nack").map(({ reason }) => reason)).toEqual(
      broker.nacked.map(() => cause),
    );
    broker.expectToldOnce();
  });

  test("all that had been taken, when a batch fails", async () => {
    const broker = new Broker(upTo(200));
    const session = await inlineSession({
      increase: (payloads: number[]) => {
        if (payloads.includes(50)) throw new Error("fifty");
        return payloads;
      },
    });
    const run = predicting(20).run(live(broker.deliveries), { session });
    const { items } = await consume(run);
    expect(items.map(({ input }) => input)).toEqual(broker.acked);
    expect(broker.nacked).toEqual(expect.arrayContaining(upTo(20).map((n) => n + 40)));
    broker.expectToldOnce();
    const { live: summary, ledger } = await run.done;
    expect(summary).toEqual({
      acknowledged: broker.acked.length,
      returned: broker.nacked.length,
      mayComeTwice: [],
    });
    expect(ledger.unfinished).toBe(broker.nacked.length);
  });

  test("with the signal's reason, when a run is aborted", async () => {
    const broker = new Broker(upTo(5), { stays: true });
    const controller = new AbortController();
    const reason = new Error("shutting down");
    const run = plain
      .node("wait", (n, { signal }) =>
        n < 3 ? n : new Promise<number>((_, no) => signal.addEventListener("abort", no)),
      )
      .run(live(broker.deliveries), { signal: controller.signal });
    const consuming = consume(run);
    await broker.toldOf(3);
    await quiet();
    controller.abort(reason);
    await consuming;
    expect(broker.acked).toEqual([0, 1, 2]);
    expect(broker.told.slice(3)).toEqual([{ call: "nack", record: 3, reason }]);
  });

  test("with its error, when the source throws; what had come before is finished", async () => {
    const failure = new Error("the connection is lost");
    const broker = new Broker(upTo(9), { failAt: 5, failure });
    const session = await inlineSession(increase);
    const { items, thrown } = await consume(predicting(2).run(live(broker.deliveries), { session }));
    expect(thrown).toMatchObject({ status: "halted", cause: failure });
    expect(items.map(({ input }) => input)).toEqual(broker.acked);
    expect(broker.acked).toEqual(upTo(5));
  });

  test("without a reason, when a loop is left: the record that it was left at, too, and it may come twice", async () => {
    const broker = new Broker(upTo(100));
    const session = await inlineSession(increase);
    const run = predicting(10).run(live(broker.deliveries), { session });
    for await (const { input } of run) if (input === 14) break;
    expect(broker.acked).toEqual(upTo(14));
    expect(broker.told[14]).toEqual({ call: "nack", record: 14, reason: undefined });
    broker.expectToldOnce();
    expect((await run.done).live?.mayComeTwice).toEqual([14]);
  });

  test("each record of the batch that a loop over batches was left at", async () => {
    const broker = new Broker(upTo(100));
    const session = await inlineSession(increase);
    const run = predicting(10).run(live(broker.deliveries), { session });
    for await (const items of run.batches()) if (items[0]?.input === 10) break;
    expect(broker.acked).toEqual(upTo(10));
    expect((await run.done).live?.mayComeTwice).toEqual(upTo(10).map((n) => n + 10));
    broker.expectToldOnce();
  });

  test("a record of which something had been rejected before, and it may come twice", async () => {
    const broker = new Broker([0]);
    const run = plain
      .node("divide", (n) => many([n + 1, n + 2]))
      .node("end", (n) => {
        if (n === 2) throw new Error("two");
        return reject("one");
      })
      .run(live(broker.deliveries));
    await consume(run);
    expect(broker.nacked).toEqual([0]);
    expect((await run.done).live).toEqual({ acknowledged: 0, returned: 1, mayComeTwice: [0] });
  });

  test("a record of which something had only been filtered before, and it does not come twice by that", async () => {
    const broker = new Broker([0]);
    const run = plain
      .node("divide", (n) => many([n + 1, n + 2]))
      .node("end", (n) => {
        if (n === 2) throw new Error("two");
        return filter("one");
      })
      .run(live(broker.deliveries));
    await consume(run);
    expect(broker.nacked).toEqual([0]);
    expect((await run.done).live?.mayComeTwice).toEqual([]);
  });

  test("what the sink has not taken, with the sink's error, also at the very end; it may come twice", async () => {
    const full = new Error("the disk is full");
    const broker = new Broker(upTo(4));
    const deadLetter: DeadLetterSink = {
      write: async () => {
        throw full;
      },
      close: async () => {},
    };
    const run = even.run(live(broker.deliveries), { deadLetter });
    await expect(run.collect()).rejects.toMatchObject({ cause: full });
    expect(broker.told.filter(({ call }) => call === "nack")).toEqual([
      { call: "nack", record: 1, reason: full },
      { call: "nack", record: 3, reason: full },
    ]);
    expect(broker.acked).toEqual([0, 2]);
    expect((await run.done).live?.mayComeTwice).toEqual([1, 3]);
  });
});

describe("a source that is stuck", () => {
  test("a run that is drained finishes what it has; what the source gives later is given back", async () => {
    const broker = new Broker(upTo(2), { stays: true });
    const run = plain.run(live(broker.deliveries));
    const consuming = consume(run);
    await broker.toldOf(2);
    run.drain();
    expect((await consuming).items).toHaveLength(2);
    expect((await run.done).status).toBe("stopped");
    expect(broker.returned).toBe(1);
    broker.deliver(2);
    await broker.toldOf(3);
    expect({ acked: broker.acked, nacked: broker.nacked }).toEqual({ acked: [0, 1], nacked: [2] });
  });

  test("a run that is left while it waits gives back what comes later", async () => {
    const broker = new Broker([0], { stays: true });
    const iterator = plain.run(live(broker.deliveries))[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next();
    await quiet();
    await iterator.return(undefined);
    expect(await next).toEqual({ done: true, value: undefined });
    broker.deliver(1);
    await broker.toldOf(2);
    expect({ acked: broker.acked, nacked: broker.nacked }).toEqual({ acked: [0], nacked: [1] });
  });

  test("a run whose stage fails gives back what the source was asked for before", async () => {
    const broker = new Broker([0], { stays: true });
    const gate = deferred<never>();
    const session = await inlineSession({ increase: () => gate.promise });
    const consuming = consume(predicting(1).run(live(broker.deliveries), { session }));
    await quiet();
    gate.reject(new Error("no"));
    await consuming;
    expect(broker.nacked).toEqual([0]);
    broker.deliver(1);
    await broker.toldOf(2);
    expect(broker.nacked).toEqual([0, 1]);
  });

  test("what comes in the very moment of the drain is given back or finished, once", async () => {
    const broker = new Broker([0], { stays: true });
    const run = plain.run(live(broker.deliveries));
    const consuming = consume(run);
    await broker.toldOf(1);
    broker.deliver(1);
    run.drain();
    await consuming;
    await broker.toldOf(2);
    broker.expectToldOnce();
  });

  test("a late one whose id fails is given back once, also when the id function drains the run", async () => {
    const broker = new Broker([0], { stays: true });
    const run = pipe<number>("p", {
      id: () => {
        run.drain();
        throw new Error("no id");
      },
    }).run(live(broker.deliveries));
    await consume(run);
    await quiet();
    expect(broker.nacked).toEqual([0]);
  });

  test("what is no delivery, and comes too late, does no harm", async () => {
    const late = deferred<IteratorResult<never>>();
    const deliveries = { [Symbol.asyncIterator]: () => ({ next: () => late.promise }) };
    const run = plain.run(live(deliveries));
    const consuming = consume(run);
    await quiet();
    run.drain();
    expect(await consuming).toEqual({ items: [], thrown: undefined });
    late.resolve({ done: false, value: 7 as never });
    await quiet();
  });
});

describe("a source that gives what is no delivery", () => {
  test.each([
    [7, "got `7` (number)"],
    [null, "got `null`"],
    [{ record: 1 }, "got an object (Object)"],
    [{ record: 1, ack: () => {} }, "got an object (Object)"],
    [{ ack: () => {}, nack: () => {} }, "got an object (Object)"],
  ])("halts the run: %o", async (value, got) => {
    async function* deliveries(): AsyncGenerator<Delivery<number>> {
      yield value as never;
    }
    const { cause } = await haltOf(plain.run(live(deliveries())));
    expect(cause).toEqual(
      new TypeError(
        `expected the live source to give { record, ack, nack }, ${got}; ack() and nack() are functions`,
      ),
    );
  });

  test("halts after what came before, of which each is told", async () => {
    const broker = new Broker(upTo(3));
    async function* deliveries(): AsyncGenerator<Delivery<number>> {
      yield* broker.deliveries;
      yield 7 as never;
    }
    const { items, thrown } = await consume(plain.run(live(deliveries())));
    expect(items).toHaveLength(3);
    expect(thrown).toMatchObject({ status: "halted", cause: { name: "TypeError" } });
    expect(broker.acked).toEqual(upTo(3));
  });

  test("a record whose id fails is given back, and ends the run", async () => {
    const broker = new Broker([0, 1]);
    const noId = new Error("no id");
    const run = pipe<number>("p", {
      id: (n) => {
        if (n === 1) throw noId;
        return n;
      },
    }).run(live(broker.deliveries));
    expect((await consume(run)).thrown).toMatchObject({ cause: noId });
    expect(broker.told).toEqual([
      { call: "ack", record: 0, reason: undefined },
      { call: "nack", record: 1, reason: noId },
    ]);
  });
});

describe("a source that cannot be told", () => {
  const lost = new Error("the channel is closed");

  test("an ack that fails halts the run, although the source is stuck, and gives back the rest", async () => {
    const broker = new Broker(upTo(3), {
      stays: true,
      answer: ({ record }) => (record === 1 ? Promise.reject(lost) : undefined),
    });
    const run = plain.run(live(broker.deliveries));
    const { thrown } = await consume(run);
    expect(thrown).toMatchObject({
      status: "halted",
      cause: { code: "SLITHER_ACKNOWLEDGE", id: 1, call: "ack" },
    });
    broker.expectToldOnce();
    expect((await run.done).live?.mayComeTwice).toContain(1);
  });

  test("an ack that fails at the very end halts the run all the same", async () => {
    const broker = new Broker(upTo(3), { answer: () => Promise.reject(lost) });
    const run = plain.run(live(broker.deliveries));
    const { cause, outputs } = await haltOf(run);
    expect(cause).toBeInstanceOf(AcknowledgeError);
    expect(outputs.default).toHaveLength(3);
    expect(await run.done).toMatchObject({
      status: "halted",
      live: { acknowledged: 3, returned: 0, mayComeTwice: [0, 1, 2] },
    });
  });

  test("a nack that fails halts a run that was left, which throws", async () => {
    const broker = new Broker(upTo(3), {
      answer: ({ call }) => {
        if (call === "nack") throw lost;
      },
    });
    const run = plain.run(live(broker.deliveries));
    const leaving = (async () => {
      for await (const _ of run) break;
    })();
    await expect(leaving).rejects.toMatchObject({
      status: "halted",
      cause: { call: "nack", id: 0, cause: lost },
    });
  });

  test("a nack that fails leaves a run that has failed its own reason", async () => {
    const broker = new Broker([0], { answer: () => Promise.reject(lost) });
    const { thrown } = await consume(haltingAt(0).run(live(broker.deliveries)));
    expect(thrown).toMatchObject({ stage: "check", cause: { message: "0 is bad" } });
  });

  test("a run waits for answers before it ends", async () => {
    const answer = deferred();
    const broker = new Broker([0], { answer: () => answer.promise });
    let hasEnded = false;
    const consuming = consume(plain.run(live(broker.deliveries))).then(() => {
      hasEnded = true;
    });
    await broker.toldOf(1);
    await quiet();
    expect(hasEnded).toBe(false);
    answer.resolve();
    await consuming;
  });

  test("a run that is left ends although no answer comes; what was acknowledged without one may come twice", async () => {
    const broker = new Broker(upTo(3), { answer: () => new Promise(() => {}) });
    const run = plain.run(live(broker.deliveries));
    for await (const { payload } of run) if (payload === 1) break;
    expect(await run.done).toMatchObject({
      status: "stopped",
      live: { acknowledged: 1, returned: 1, mayComeTwice: [1, 0] },
    });
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
