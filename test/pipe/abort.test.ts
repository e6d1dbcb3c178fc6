import { getEventListeners } from "node:events";
import { CallAbortedError, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { deferred, quiet } from "../dispatch/deferred.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, numbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf } from "./runs.js";
import { scriptedEngine } from "./scripted-engine.js";

const reason = new Error("the client went away");

function predicting() {
  return pipe<number>("p").python<number>("predict", {
    module: "model",
    function: "predict",
    batch: { size: 2 },
  });
}

test("a signal that was aborted before the start: nothing is pulled, and the run says why", async () => {
  const watched = numbers();
  const run = pipe<number>("p")
    .node("same", (n) => n)
    .run(watched.input, { signal: AbortSignal.abort(reason) });
  const error = await haltOf(run);
  expect(error).toMatchObject({
    status: "aborted",
    stage: undefined,
    message: "pipe p aborted (0 records in, 0 out, 0 rejected, 0 unfinished): the client went away",
  });
  expect(error.cause).toBe(reason);
  expect(watched.given).toBe(0);
  expectBalance(error.ledger);
});

test("an abort while the consumer is away ends the run after what the consumer was given already", async () => {
  const controller = new AbortController();
  const watched = numbers();
  const run = pipe<number>("p")
    .node("same", (n) => n)
    .run(watched.input, { signal: controller.signal });
  const seen: number[] = [];
  const consuming = async (): Promise<void> => {
    for await (const { payload } of run) {
      seen.push(payload);
      if (payload === 130) controller.abort(reason);
    }
  };
  await expect(consuming()).rejects.toMatchObject({ status: "aborted", cause: reason });
  expect(seen).toEqual(upTo(200));
  expect(watched).toMatchObject({ given: 200, returned: 1 });
  expectBalance((await run.done).ledger);
});

test("an abort while a node function hangs ends the run at once", async () => {
  const controller = new AbortController();
  const hanging = deferred();
  const run = pipe<number>("p")
    .node("enrich", (n) => {
      if (n < 3) return n;
      hanging.resolve();
      return new Promise<number>(() => {});
    })
    .run(upTo(10), { signal: controller.signal });
  const consuming = consume(run);
  await hanging.promise;
  controller.abort(reason);
  const { items, thrown } = await consuming;
  expect(items.map(({ payload }) => payload)).toEqual([0, 1, 2]);
  expect(thrown).toMatchObject({
    status: "aborted",
    cause: reason,
    ledger: { in: 10, out: 3, unfinished: 7 },
  });
});

test("a node function learns of the abort through its signal", async () => {
  const controller = new AbortController();
  const started = deferred<AbortSignal>();
  const run = pipe<number>("p")
    .node("enrich", (_, { signal }) => {
      started.resolve(signal);
      return new Promise<number>(() => {});
    })
    .run([1], { signal: controller.signal });
  const halting = haltOf(run);
  const signal = await started.promise;
  expect(signal.aborted).toBe(false);
  controller.abort(reason);
  expect(signal.reason).toBe(reason);
  await halting;
});

test("an abort while a node function hangs rejects no record, also under reject", async () => {
  const controller = new AbortController();
  const hanging = deferred();
  const run = pipe<number>("p")
    .node("enrich", () => {
      hanging.resolve();
      return new Promise<number>(() => {});
    })
    .onError("*", "reject")
    .run(upTo(4), { signal: controller.signal });
  const halting = haltOf(run);
  await hanging.promise;
  controller.abort(reason);
  expect((await halting).ledger).toMatchObject({ in: 4, rejected: 0, unfinished: 4 });
});

test("an abort while the input hangs ends the run at once, and the input is told", async () => {
  const controller = new AbortController();
  const watched = asyncNumbers({ stuckAt: 5 });
  const run = pipe<number>("p")
    .node("same", (n) => n)
    .run(watched.input, { signal: controller.signal });
  const consuming = consume(run);
  await quiet();
  controller.abort(reason);
  const { items, thrown } = await consuming;
  expect(items).toHaveLength(5);
  expect(thrown).toMatchObject({
    status: "aborted",
    cause: reason,
    ledger: { in: 5, out: 5, unfinished: 0 },
  });
  expect(watched.returned).toBe(1);
});

test("an abort while a batch runs asks its code to stop, and the session goes on when it does", async () => {
  const { engine, workers } = scriptedEngine({ heedsCancel: true });
  const session = await engine.session();
  const controller = new AbortController();
  const run = pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 2 } })
    .onError("*", "reject")
    .run(upTo(8), { session, signal: controller.signal });
  const halting = haltOf(run);
  await quiet();
  controller.abort(reason);
  const error = await halting;
  expect(error).toMatchObject({ status: "aborted", cause: reason, ledger: { out: 0, rejected: 0 } });
  expectBalance(error.ledger);
  expect(workers[0]).toMatchObject({ killed: false, sent: [{ cancels: 1 }, { cancels: 1 }] });
  expect(session.state).toBe("ready");
});

test("an abort while a batch runs that does not heed it kills the worker; without a checkpoint the session is lost", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const controller = new AbortController();
  const run = pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 2 } })
    .onError("*", "reject")
    .run(upTo(8), { session, signal: controller.signal });
  const halting = haltOf(run);
  await quiet();
  controller.abort(reason);
  const error = await halting;
  expect(error).toMatchObject({ status: "aborted", cause: reason, ledger: { out: 0, rejected: 0 } });
  expectBalance(error.ledger);
  expect(workers[0]?.killed).toBe(true);
  await quiet();
  expect(session.state).toBe("lost");
});

test("an abort while a batch runs that does not heed it kills the worker; with a checkpoint the session comes back", async () => {
  const { engine, workers } = scriptedEngine({ forks: true });
  const session = await engine.session();
  const controller = new AbortController();
  const run = predicting().run(upTo(8), { session, signal: controller.signal });
  const halting = haltOf(run);
  await quiet();
  controller.abort(reason);
  expect(await halting).toMatchObject({ status: "aborted", cause: reason });
  await quiet();
  expect(session.state).toBe("ready");
  expect(workers.map(({ purpose, killed }) => [purpose, killed])).toEqual([
    ["live", true],
    ["checkpoint", false],
    ["live", false],
  ]);
});

test("an abort while the checkpoint at the start of a run waits for its turn ends the run at once", async () => {
  const { engine, workers } = scriptedEngine({ forks: true });
  const session = await engine.session();
  const call = session.call("model", "train");
  const controller = new AbortController();
  const watched = numbers();
  const halting = haltOf(predicting().run(watched.input, { session, signal: controller.signal }));
  await quiet();
  controller.abort(reason);
  expect(await halting).toMatchObject({ status: "aborted", cause: reason, ledger: { in: 0 } });
  expect(watched.given).toBe(0);
  workers[0]?.sent[0]?.reply.resolve({ value: "trained", computeNanoseconds: 0 });
  expect(await call).toBe("trained");
});

test("an abort while replicas wait for the session's turn ends the run at once, and leaves none behind", async () => {
  const { engine, workers } = scriptedEngine({ forks: true });
  const session = await engine.session({ checkpoint: "manual" });
  const call = session.call("model", "train");
  const controller = new AbortController();
  const run = predicting().run(upTo(8), { session, replicas: 2, signal: controller.signal });
  const halting = haltOf(run);
  await quiet();
  controller.abort(reason);
  expect(await halting).toMatchObject({ status: "aborted", cause: reason, ledger: { in: 0 } });
  workers[0]?.sent[0]?.reply.resolve({ value: "trained", computeNanoseconds: 0 });
  await call;
  await quiet();
  expect(workers.filter(({ dead }) => !dead)).toEqual([workers[0]]);
});

test("an abort while the run's batches wait behind another call leaves the session as it is", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const call = session.call("model", "train");
  const controller = new AbortController();
  const run = pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 2 } })
    .run(upTo(8), { session, signal: controller.signal });
  const halting = haltOf(run);
  await quiet();
  controller.abort(reason);
  expect(await halting).toMatchObject({ status: "aborted", cause: reason });
  expect(workers[0]).toMatchObject({ killed: false, sent: [{ request: { kind: "call" } }] });
  workers[0]?.sent[0]?.reply.resolve({ value: "trained", computeNanoseconds: 0 });
  expect(await call).toBe("trained");
});

test("what was answered before the abort is delivered", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  const controller = new AbortController();
  const run = pipe<number>("p")
    .python<number>("predict", { module: "model", function: "predict", batch: { size: 2 } })
    .run(upTo(8), { session, signal: controller.signal });
  const consuming = consume(run);
  await quiet();
  workers[0]?.answer(0);
  await quiet();
  controller.abort(reason);
  const { items, thrown } = await consuming;
  expect(items.map(({ payload }) => payload)).toEqual([0, 1]);
  expect(thrown).toMatchObject({ status: "aborted", ledger: { out: 2 } });
});

test("an abort after the last record is none", async () => {
  const controller = new AbortController();
  const run = pipe<number>("p")
    .node("same", (n) => n)
    .run(upTo(3), { signal: controller.signal });
  await run.collect();
  controller.abort(reason);
  expect(await run.done).toMatchObject({ status: "completed" });
});

test("a run that has ended listens to its signal no more", async () => {
  const { signal } = new AbortController();
  const during: number[] = [];
  const session = await inlineSession({
    same: (payloads: unknown[]) => {
      during.push(getEventListeners(signal, "abort").length);
      return payloads;
    },
  });
  const built = pipe<number>("p").python<number>("same", {
    module: "model",
    function: "same",
    batch: { size: 2 },
  });
  await built.run(upTo(8), { session, signal }).collect();
  for await (const _ of built.run(upTo(8), { session, signal })) break;
  await quiet();
  expect(Math.min(...during)).toBeGreaterThan(0);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("without a reason, the cause is the signal's own", async () => {
  const { cause } = await haltOf(pipe<number>("p").run([1], { signal: AbortSignal.abort() }));
  expect(cause).toBeInstanceOf(DOMException);
  expect((cause as DOMException).name).toBe("AbortError");
});

test("another run on the session that was lost says so", async () => {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session({ id: "a" });
  const controller = new AbortController();
  const built = pipe<number>("p").python<number>("predict", { module: "model", function: "predict" });
  const halting = haltOf(built.run(upTo(2), { session, signal: controller.signal }));
  do await quiet();
  while (workers[0]?.sent.length === 0);
  controller.abort(reason);
  await halting;
  await quiet();
  const error = await haltOf(built.run(upTo(2), { session }));
  expect(error).toMatchObject({ status: "halted", cause: { code: "SLITHER_SESSION_LOST" } });
  expect(error.message).toContain("session a is lost, open a new one");
  expect((error.cause as Error).cause).toBeInstanceOf(CallAbortedError);
});
