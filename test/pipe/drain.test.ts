import { pipe, type Run } from "slither-ts";
import { describe, expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, numbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";
import { scriptedEngine } from "./scripted-engine.js";

const same = { same: (payloads: unknown[]) => payloads };
const predicting = pipe<number>("p").python<number>("predict", {
  module: "model",
  function: "same",
  batch: { size: 8 },
});

describe.each([
  ["a synchronous", numbers],
  ["an asynchronous", asyncNumbers],
] as const)("a run over %s input that is drained", (_, make) => {
  test("gives everything that it had taken, in order, and takes no more", async () => {
    const session = await inlineSession(same);
    const watched = make();
    const run = predicting.run(watched.input, { session });
    const seen: number[] = [];
    let givenAtDrain = 0;
    for await (const { payload } of run) {
      seen.push(payload);
      if (payload !== 20) continue;
      run.drain();
      givenAtDrain = watched.given;
    }
    expect(seen).toEqual(upTo(seen.length));
    expect({ seen: seen.length, given: watched.given }).toEqual({ seen: givenAtDrain, given: givenAtDrain });
  });

  test("ends as stopped, with books that balance and nothing unfinished", async () => {
    const session = await inlineSession(same);
    const run = predicting.run(make().input, { session });
    for await (const { payload } of run) if (payload === 20) run.drain();
    const { status, ledger } = await run.done;
    expect(status).toBe("stopped");
    expect(ledger).toMatchObject({ in: ledger.out, rejected: 0, unfinished: 0 });
    expectBalance(ledger);
  });

  test("tells its input that no more is wanted, once", async () => {
    const session = await inlineSession(same);
    const watched = make();
    const run = predicting.run(watched.input, { session });
    for await (const { payload } of run) if (payload === 20) run.drain();
    expect(watched.returned).toBe(1);
  });

  test("before it was begun takes nothing", async () => {
    const session = await inlineSession(same);
    const watched = make();
    const run = predicting.run(watched.input, { session });
    run.drain();
    expect(await payloadsOf(run)).toEqual([]);
    expect(watched.given).toBe(0);
    expect(await run.done).toMatchObject({ status: "stopped", ledger: { in: 0 } });
  });
});

/** A run whose input has given five records and then nothing, not even its end. */
async function stuck(): Promise<{ run: Run<number>; watched: ReturnType<typeof asyncNumbers> }> {
  const session = await inlineSession(same);
  const watched = asyncNumbers({ stuckAt: 5 });
  return { run: predicting.run(watched.input, { session }), watched };
}

test("a run that waits for a record that never comes ends when it is drained, with the batch that was not full", async () => {
  const { run, watched } = await stuck();
  const payloads = payloadsOf(run);
  await quiet();
  run.drain();
  expect(await payloads).toEqual(upTo(5));
  expect(watched.returned).toBe(1);
  const { status, ledger } = await run.done;
  expect({ status, in: ledger.in, out: ledger.out }).toEqual({ status: "stopped", in: 5, out: 5 });
});

test("collect() of a run that is drained gives what was finished", async () => {
  const { run } = await stuck();
  const collecting = run.collect();
  await quiet();
  run.drain();
  const { status, outputs } = await collecting;
  expect({ status, count: outputs.default.length }).toEqual({ status: "stopped", count: 5 });
});

test("batches in flight are finished", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const run = predicting.run(upTo(100), { session });
  const payloads = payloadsOf(run);
  await quiet();
  run.drain();
  for (let answered = 0; answered < (workers[0]?.sent.length ?? 0); answered++) {
    workers[0]?.answer(answered);
    await quiet();
  }
  expect(await payloads).toEqual(upTo(100));
});

test("a batch that fails after the drain halts the run", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const run = predicting.run(asyncNumbers({ stuckAt: 8 }).input, { session });
  const halting = haltOf(run);
  await quiet();
  run.drain();
  const failure = new Error("out of step");
  workers[0]?.sent[0]?.reply.reject(failure);
  expect(await halting).toMatchObject({ status: "halted", cause: failure, ledger: { unfinished: 8 } });
});

test("an abort after the drain ends the run as aborted", async () => {
  const { engine } = scriptedEngine();
  const session = await engine.session();
  const controller = new AbortController();
  const reason = new Error("the client went away");
  const run = predicting.run(asyncNumbers({ stuckAt: 8 }).input, { session, signal: controller.signal });
  const halting = haltOf(run);
  await quiet();
  run.drain();
  controller.abort(reason);
  expect(await halting).toMatchObject({ status: "aborted", cause: reason, ledger: { unfinished: 8 } });
});

test("records that are in node stages are finished", async () => {
  const gate = deferred();
  const run = pipe<number>("p")
    .node("wait", async (n) => {
      await gate.promise;
      return n;
    })
    .run(asyncNumbers().input);
  const payloads = payloadsOf(run);
  await quiet();
  run.drain();
  gate.resolve();
  expect(await payloads).toEqual([0]);
});

test("an input that throws when it is told to end does not keep the run from ending", async () => {
  const input: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => {
        throw new Error("cannot close");
      },
    }),
  };
  const run = pipe<number>("p").run(input);
  const consuming = consume(run);
  await quiet();
  run.drain();
  expect(await consuming).toEqual({ items: [], thrown: undefined });
});

test("a drain of a run that has ended changes nothing", async () => {
  const run = pipe<number>("p").run(upTo(3));
  await run.collect();
  run.drain();
  expect(await run.done).toMatchObject({ status: "completed" });
});

test("a run that is drained twice is drained once", async () => {
  const { run, watched } = await stuck();
  const payloads = payloadsOf(run);
  await quiet();
  run.drain();
  run.drain();
  expect(await payloads).toEqual(upTo(5));
  expect(watched.returned).toBe(1);
});

test("an engine that is drained drains the runs on its sessions", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const run = predicting.run(asyncNumbers({ stuckAt: 5 }).input, { session });
  const payloads = payloadsOf(run);
  await quiet();
  const drained = engine.drain();
  await quiet();
  workers[0]?.answer(0);
  expect(await payloads).toEqual(upTo(5));
  await drained;
  expect(await run.done).toMatchObject({ status: "stopped" });
});
