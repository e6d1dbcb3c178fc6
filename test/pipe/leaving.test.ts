import { once } from "node:events";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, numbers, upTo } from "./inputs.js";
import { expectBalance, payloadsOf } from "./runs.js";
import { scriptedEngine } from "./scripted-engine.js";

const same = { same: (payloads: unknown[]) => payloads };
const predicting = pipe<number>("p").python<number>("predict", {
  module: "model",
  function: "same",
  batch: { size: 2 },
});

test("what the consumer was not given is unfinished, in the chunk that it left too", async () => {
  const run = pipe<number>("p")
    .node("same", (n) => n)
    .run(upTo(50));
  for await (const { payload } of run) if (payload === 9) break;
  const { ledger, status } = await run.done;
  expect({ status, ledger }).toMatchObject({
    status: "stopped",
    ledger: { in: 50, out: 10, unfinished: 40 },
  });
  expectBalance(ledger);
});

test("batches() counts every record of the batches that it gave", async () => {
  const run = pipe<number>("p")
    .node("same", (n) => n)
    .run(upTo(250));
  for await (const _ of run.batches()) break;
  expect((await run.done).ledger).toMatchObject({ out: 100, unfinished: 0, balanced: true });
});

test.each([
  ["synchronous", numbers],
  ["asynchronous", asyncNumbers],
] as const)("the input, when %s, is told, once", async (_, make) => {
  const session = await inlineSession(same);
  const watched = make();
  for await (const _item of predicting.run(watched.input, { session })) break;
  expect(watched.returned).toBe(1);
});

test("a loop can be left while the input is stuck", async () => {
  const session = await inlineSession(same);
  const watched = asyncNumbers({ stuckAt: 4 });
  const run = predicting.run(watched.input, { session });
  for await (const _ of run) {
    await quiet();
    break;
  }
  const { ledger } = await run.done;
  expect(ledger).toMatchObject({ in: 4, out: 1, unfinished: 3 });
  expectBalance(ledger);
  expect(watched.returned).toBe(1);
});

test("a loop can be left while a node function is stuck behind the batches in flight", async () => {
  const session = await inlineSession(same);
  const stuck = deferred();
  const run = pipe<number>("p")
    .node("enrich", (n) => {
      if (n < 3) return n;
      stuck.resolve();
      return new Promise<number>(() => {});
    })
    .python<number>("predict", { module: "model", function: "same", batch: { size: 2 } })
    .run(asyncNumbers().input, { session });
  for await (const _ of run) {
    await stuck.promise;
    break;
  }
  const { ledger } = await run.done;
  expect(ledger).toMatchObject({ in: 4, out: 1, unfinished: 3 });
  expectBalance(ledger);
});

test("a loop can be left while batches are in flight: they are not waited for, and unfinished", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const run = predicting.run(upTo(100), { session });
  const iterator = run[Symbol.asyncIterator]();
  const first = iterator.next();
  await quiet();
  workers[0]?.answer(0);
  await first;
  await quiet();
  await iterator.return(undefined);
  const { ledger, status } = await run.done;
  expect({ status, out: ledger.out }).toEqual({ status: "stopped", out: 1 });
  expectBalance(ledger);
});

test("the session is usable afterwards: what was sent ends unheard, and the next call has its turn", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const iterator = predicting.run(upTo(100), { session })[Symbol.asyncIterator]();
  const first = iterator.next();
  await quiet();
  workers[0]?.answer(0);
  await first;
  await iterator.return(undefined);
  const call = session.call("model", "ping");
  const sent = workers[0]?.sent ?? [];
  for (let index = 1; sent.at(-1)?.request.kind === "batch"; index++) {
    workers[0]?.answer(index);
    await quiet();
  }
  sent.at(-1)?.reply.resolve({ value: "pong", computeNanoseconds: 0 });
  expect(await call).toBe("pong");
  expect(workers[0]?.killed).toBe(false);
});

test("a signal that is aborted after the loop was left does not kill what was sent", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const controller = new AbortController();
  const iterator = predicting.run(upTo(100), { session, signal: controller.signal })[Symbol.asyncIterator]();
  const first = iterator.next();
  await quiet();
  workers[0]?.answer(0);
  await first;
  await iterator.return(undefined);

  controller.abort();

  await quiet();
  expect(workers[0]?.killed).toBe(false);
  expect(session.state).toBe("ready");
});

test("the deadline of a batch that was left ends with its worker, and stops nothing of the one that takes over", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session({ setup: () => {} });
  const timed = pipe<number>("p").python<number>("predict", {
    module: "model",
    function: "same",
    batch: { size: 2 },
    timeout: "50ms",
  });
  const iterator = timed.run(upTo(100), { session })[Symbol.asyncIterator]();
  const first = iterator.next();
  await quiet();
  workers[0]?.answer(0);
  await first;
  await iterator.return(undefined);
  workers[0]?.die("SIGKILL");
  const call = session.call("model", "ping");

  await delay(150);

  expect(workers.map((worker) => worker.killed)).toEqual([false, false]);
  workers[1]?.sent[0]?.reply.resolve({ value: "pong", computeNanoseconds: 0 });
  expect(await call).toBe("pong");
});

test("a second run on the session gives everything, after a first one was left", async () => {
  const session = await inlineSession(same);
  for await (const _ of predicting.run(numbers().input, { session })) break;
  expect(await payloadsOf(predicting.run(upTo(7), { session }))).toEqual(upTo(7));
});

test("a loop that is left reports no batch as failed that nobody waits for, and no rejection goes unhandled", async () => {
  const unhandled: unknown[] = [];
  const listener = (error: unknown): unknown => unhandled.push(error);
  process.on("unhandledRejection", listener);
  try {
    const { engine, workers } = scriptedEngine();
    const session = await engine.session();
    const iterator = predicting.run(upTo(100), { session })[Symbol.asyncIterator]();
    const first = iterator.next();
    await quiet();
    workers[0]?.answer(0);
    await first;
    await iterator.return(undefined);
    for (const { reply } of workers[0]?.sent ?? []) reply.reject(new Error("too late"));
    await quiet();
    await quiet();
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", listener);
  }
});

test("an input that fails while it is told to end does not keep the run from ending", async () => {
  const input: Iterable<number> = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: 1 }),
      return: () => {
        throw new Error("cannot close");
      },
    }),
  };
  const session = await inlineSession(same);
  const run = predicting.run(input, { session });
  for await (const _ of run) break;
  expect(await run.done).toMatchObject({ status: "stopped", ledger: { balanced: true } });
});

test("a run that was left before its first record has ended, and its books balance", async () => {
  const run = predicting.run(numbers().input, { session: await inlineSession(same) });
  const iterator = run.batches();
  await iterator.next();
  await iterator.return(undefined);
  expectBalance((await run.done).ledger);
});

test("an iterator can be told to end while its next record is awaited, from an input that is stuck", async () => {
  const session = await inlineSession(same);
  const watched = asyncNumbers({ stuckAt: 1 });
  const run = predicting.run(watched.input, { session });
  const iterator = run[Symbol.asyncIterator]();
  const next = iterator.next();
  await quiet();
  expect(await iterator.return(undefined)).toEqual({ done: true, value: undefined });
  expect(await next).toEqual({ done: true, value: undefined });
  expect(watched.returned).toBe(1);
  const { status, ledger } = await run.done;
  expect({ status, in: ledger.in, unfinished: ledger.unfinished }).toEqual({
    status: "stopped",
    in: 1,
    unfinished: 1,
  });
});

test("an iterator of batches can be told to end while its next batch is awaited", async () => {
  const { engine } = scriptedEngine();
  const session = await engine.session();
  const run = predicting.run(upTo(10), { session });
  const iterator = run.batches();
  const next = iterator.next();
  await quiet();
  await iterator.return(undefined);
  expect(await next).toEqual({ done: true, value: undefined });
  expectBalance((await run.done).ledger);
});

test("a stream of a run that is destroyed while it waits for a record ends the run", async () => {
  const watched = asyncNumbers({ stuckAt: 1 });
  const run = pipe<number>("p").run(watched.input);
  const stream = Readable.from(run);
  await once(stream, "data");
  const error = new Error("the client went away");
  const failed = once(stream, "error");
  stream.destroy(error);
  expect(await failed).toEqual([error]);
  expect(await run.done).toMatchObject({ status: "stopped", ledger: { in: 1, out: 1 } });
  expect(watched.returned).toBe(1);
});

test("a second iterator that is told to end does not end the run of the first", async () => {
  const run = pipe<number>("p").run(upTo(3));
  const first = run[Symbol.asyncIterator]();
  await first.next();
  const second = run[Symbol.asyncIterator]();
  await second.return(undefined);
  expect(await first.next()).toMatchObject({ done: false, value: { payload: 1 } });
  await first.return(undefined);
});

test("an iterator that was told to end before its first pull leaves the run to another", async () => {
  const run = pipe<number>("p").run(upTo(3));
  await run[Symbol.asyncIterator]().return(undefined);
  expect(await payloadsOf(run)).toEqual([0, 1, 2]);
});

test("a stream as input is destroyed when the loop is left", async () => {
  const input = Readable.from(upTo(10));
  const closed = new Promise((resolve) => input.once("close", resolve));
  for await (const _ of pipe<number>("p").run(input)) break;
  await closed;
  expect(input.destroyed).toBe(true);
});
