import { type PipeHaltedError, pipe, type Session } from "slither-ts";
import { inline } from "slither-ts/testing";
import { expect, test } from "vitest";
import { deferred, hops, quiet } from "../dispatch/deferred.js";
import { inlineSession } from "./inline-session.js";
import { upTo } from "./inputs.js";
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";
import { type ScriptedWorker, scriptedEngine } from "./scripted-engine.js";

function predicting(size: number) {
  return pipe<number>("p").python<number>("predict", {
    module: "model",
    function: "predict",
    batch: { size },
  });
}

async function scriptedSession(): Promise<{ session: Session; worker: ScriptedWorker }> {
  const { engine, workers } = scriptedEngine();
  const session = await engine.session();
  return { session, worker: workers[0] as ScriptedWorker };
}

/** Answers everything that is sent, one after the other, until nothing more comes; and the most that waited for an answer at once. */
async function answerAll(worker: ScriptedWorker): Promise<number> {
  let most = 0;
  do await quiet();
  while (worker.sent.length === 0);
  for (let answered = 0; answered < worker.sent.length; answered++) {
    most = Math.max(most, worker.sent.length - answered);
    worker.answer(answered);
    await quiet();
  }
  return most;
}

test("two batches of a run are sent to its session at once, and never more", async () => {
  const { session, worker } = await scriptedSession();
  const collecting = predicting(2).run(upTo(20), { session }).collect();
  expect(await answerAll(worker)).toBe(2);
  expect((await collecting).ledger.out).toBe(20);
});

test("two batches at once is the bound for all stages of a run together", async () => {
  const { session, worker } = await scriptedSession();
  const collecting = predicting(2)
    .python<number>("again", { module: "model", function: "again", batch: { size: 3 } })
    .run(upTo(20), { session })
    .collect();
  expect(await answerAll(worker)).toBe(2);
  expect((await collecting).ledger.out).toBe(20);
});

test("batches of different stages overlap: the second stage has begun before the first is through", async () => {
  const { session, worker } = await scriptedSession();
  const collecting = predicting(2)
    .python<number>("again", { module: "model", function: "again", batch: { size: 2 }, fuse: false })
    .run(upTo(20), { session })
    .collect();
  await answerAll(worker);
  await collecting;
  const stages = worker.sent.map(({ site }) => site.stage);
  expect(stages).toContain("again");
  expect(stages.indexOf("again")).toBeLessThan(stages.lastIndexOf("predict"));
});

test("a batch has the size of its stage, and the last one what is left", async () => {
  const { session, worker } = await scriptedSession();
  const collecting = predicting(3).run(upTo(7), { session }).collect();
  await answerAll(worker);
  await collecting;
  expect(worker.sent.map((_, index) => worker.payloads(index))).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
});

test("the second batch is sent before the first is answered", async () => {
  const { session, worker } = await scriptedSession();
  const collecting = predicting(2).run(upTo(8), { session }).collect();
  await quiet();
  expect(worker.sent.map((_, index) => worker.payloads(index))).toEqual([
    [0, 1],
    [2, 3],
  ]);
  await answerAll(worker);
  await collecting;
});

test("a run is named to the worker by its stage and function", async () => {
  const { session, worker } = await scriptedSession();
  const collecting = predicting(8).run(upTo(2), { session }).collect();
  await answerAll(worker);
  await collecting;
  expect(worker.sent[0]?.site).toMatchObject({ target: "model.predict", stage: "predict" });
});

test("order is kept across two python stages with different batch sizes, whatever each batch takes", async () => {
  const session = await inlineSession({
    predict: async (payloads: number[]) => {
      await hops((payloads[0] as number) % 7);
      return payloads.map((n) => n + 1_000);
    },
    again: async (payloads: number[]) => {
      await hops((payloads[0] as number) % 5);
      return payloads.map((n) => n + 1_000);
    },
  });
  const run = predicting(7)
    .python<number>("again", { module: "model", function: "again", batch: { size: 4 } })
    .run(upTo(123), { session });
  expect(await payloadsOf(run)).toEqual(upTo(123).map((n) => n + 2_000));
});

test("two runs at once on two sessions do not meet", async () => {
  const module = () => {
    let calls = 0;
    return { predict: (payloads: number[]) => payloads.map(() => ++calls) };
  };
  await using engine = inline({ modules: { model: module } });
  const sessions = [await engine.session(), await engine.session()];
  const results = sessions.map((session) => payloadsOf(predicting(2).run(upTo(6), { session })));
  expect(await Promise.all(results)).toEqual([
    [1, 2, 3, 4, 5, 6],
    [1, 2, 3, 4, 5, 6],
  ]);
});

test("two runs at once on one session each give their own records, in order", async () => {
  const session = await inlineSession({
    predict: async (payloads: number[]) => {
      await hops((payloads[0] as number) % 5);
      return payloads.map((n) => -n);
    },
  });
  const inputs = [upTo(31), upTo(31).map((n) => n + 500)];
  const results = inputs.map((input) => payloadsOf(predicting(4).run(input, { session })));
  expect(await Promise.all(results)).toEqual(inputs.map((input) => input.map((n) => -n)));
});

test("batches of two runs on one session are never at the worker at once", async () => {
  const { session, worker } = await scriptedSession();
  const runs = ["first", "second"].map((name) =>
    pipe<number>(name)
      .python<number>("s", { module: name, function: "f", batch: { size: 2 } })
      .run(upTo(8), { session }),
  );
  const collecting = Promise.all(runs.map((run) => run.collect()));
  await quiet();
  for (let answered = 0; answered < worker.sent.length; answered++) {
    const waiting = worker.sent.slice(answered).map(({ site }) => site.target);
    expect(new Set(waiting).size).toBe(1);
    worker.answer(answered);
    await quiet();
  }
  await collecting;
});

test("a plain call on the session of a run has its turn before the run is over", async () => {
  const { session, worker } = await scriptedSession();
  const collecting = predicting(2).run(upTo(40), { session }).collect();
  await quiet();
  const call = session.call("model", "ping");
  let position = -1;
  for (let answered = 0; answered < worker.sent.length; answered++) {
    const sent = worker.sent[answered];
    if (sent?.request.kind === "call") {
      position = answered;
      sent.reply.resolve({ value: "pong", computeNanoseconds: 0 });
    } else worker.answer(answered);
    await quiet();
  }
  expect(await call).toBe("pong");
  expect(position).toBe(2);
  expect((await collecting).ledger.out).toBe(40);
});

test("plain calls between the batches of a run see the state that the batches made, and harm neither", async () => {
  let scored = 0;
  const session = await inlineSession({
    predict: (payloads: number[]) => {
      scored += payloads.length;
      return payloads;
    },
    count: () => scored,
  });
  const counts: number[] = [];
  for await (const batch of predicting(5).run(upTo(50), { session }).batches()) {
    const { id } = batch.at(-1) ?? { id: -1 };
    const count = await session.call<number>("model", "count");
    expect(count).toBeGreaterThan(id as number);
    counts.push(count);
  }
  expect(counts.at(-1)).toBe(50);
});

test("a batch is not held back by an input that is slow to give the next one", async () => {
  const { session, worker } = await scriptedSession();
  const more = deferred();
  async function* input(): AsyncGenerator<number> {
    yield* [0, 1];
    await more.promise;
    yield* [2, 3];
  }
  const iterator = predicting(2).run(input(), { session })[Symbol.asyncIterator]();
  const first = iterator.next();
  await quiet();
  worker.answer(0);
  expect(await first).toMatchObject({ value: { payload: 0 } });
  expect(await iterator.next()).toMatchObject({ value: { payload: 1 } });
  more.resolve();
  const third = iterator.next();
  await quiet();
  worker.answer(1);
  expect(await third).toMatchObject({ value: { payload: 2 } });
  await iterator.return(undefined);
});

test("a session that is closed during a run lets the batches that were sent finish, and the run halts by name", async () => {
  const { session, worker } = await scriptedSession();
  const consuming = consume(predicting(2).run(upTo(40), { session }));
  await quiet();
  const closing = session.close();
  worker.answer(0);
  worker.answer(1);
  const { items, thrown } = await consuming;
  await closing;
  expect(items.map(({ payload }) => payload)).toEqual(upTo(4));
  expect(thrown).toMatchObject({
    status: "halted",
    stage: "predict",
    cause: { code: "SLITHER_SESSION_CLOSED" },
  });
  expectBalance((thrown as PipeHaltedError).ledger);
});

test("a run whose session is lost to another run halts by name", async () => {
  const { session } = await scriptedSession();
  const controller = new AbortController();
  const aborted = haltOf(predicting(2).run(upTo(8), { session, signal: controller.signal }));
  const other = haltOf(predicting(2).run(upTo(8), { session }));
  await quiet();
  controller.abort(new Error("the client went away"));
  expect((await aborted).status).toBe("aborted");
  const { status, stage, cause, ledger } = await other;
  expect({ status, stage }).toEqual({ status: "halted", stage: "predict" });
  expect(cause).toMatchObject({ code: "SLITHER_SESSION_LOST", cause: { code: "SLITHER_CALL_ABORTED" } });
  expectBalance(ledger);
});
