import {
  AcknowledgeError,
  type DeadLetterSink,
  type Delivery,
  filter,
  live,
  many,
  pipe,
  reject,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { Broker } from "./broker.js";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { even, haltingAt, increase, plain, predicting } from "./live-pipes.js";
import { consume, haltOf } from "./runs.js";

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
    const { thrown } = await consume(run);
    expect(thrown).toMatchObject({ cause: full });
    expect(broker.told.filter(({ call }) => call === "nack")).toEqual([
      { call: "nack", record: 1, reason: full },
      { call: "nack", record: 3, reason: full },
    ]);
    expect(broker.acked).toEqual([0, 2]);
    expect((await run.done).live?.mayComeTwice).toEqual([1, 3]);
  });

  test.each([
    ["write", [], [0, 1, 2, 3]],
    ["close", [1, 3], [0, 2]],
  ])(
    "what collect() has collected, when %s of the sink fails at the very end",
    async (failing, acked, returned) => {
      const full = new Error("the disk is full");
      const broker = new Broker(upTo(4));
      const fail = async (): Promise<never> => {
        throw full;
      };
      const deadLetter: DeadLetterSink = { write: async () => {}, close: async () => {}, [failing]: fail };
      const run = even.run(live(broker.deliveries), { deadLetter });
      await expect(run.collect()).rejects.toMatchObject({ cause: full });
      expect(broker.acked).toEqual(acked);
      expect(broker.nacked.toSorted()).toEqual(returned);
      expect(broker.told.every(({ call, reason }) => call === "ack" || reason === full)).toBe(true);
      expect((await run.done).live?.mayComeTwice.toSorted()).toEqual(returned);
    },
  );

  test("what collect() has collected, when the ack of another record has failed by then", async () => {
    const broker = new Broker(upTo(2), {
      answer: ({ call }) => {
        if (call === "ack") throw new Error("the channel is closed");
      },
    });
    const run = even.run(live(broker.deliveries), {
      deadLetter: { write: async () => {}, close: async () => {} },
    });
    await expect(run.collect()).rejects.toMatchObject({ cause: { code: "SLITHER_ACKNOWLEDGE", id: 1 } });
    expect(broker.told.map(({ call, record }) => [call, record])).toEqual([
      ["ack", 1],
      ["nack", 0],
    ]);
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

  test.each(["loop", "collect()"])(
    "a run that is aborted while it waits for answers ends as it would have: %s",
    async (how) => {
      const aborting = new AbortController();
      const broker = new Broker(upTo(3), { answer: () => new Promise(() => {}) });
      const run = plain.run(live(broker.deliveries), { signal: aborting.signal });
      const consuming = how === "loop" ? consume(run) : run.collect();
      await broker.toldOf(3);
      await quiet();
      aborting.abort();
      await consuming;
      expect(await run.done).toMatchObject({
        status: "completed",
        live: { acknowledged: 3, returned: 0, mayComeTwice: [0, 1, 2] },
      });
    },
  );

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
