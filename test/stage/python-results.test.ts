import { expect, test } from "vitest";
import type { Reply } from "../../src/engine.js";
import { BatchResultError, PythonError } from "../../src/errors/python.js";
import { WorkerDiedError } from "../../src/errors/session.js";
import type { Executor } from "../../src/session/replicas.js";
import type { ErrorPolicy } from "../../src/stage/policy.js";
import { routeTo } from "../../src/stage/results.js";
import { deferred, quiet } from "../dispatch/deferred.js";
import { batchReply } from "../helpers/batch-reply.js";
import { stand, through } from "./context.js";
import { oneStage, pythonStage } from "./stages.js";

const stage = pythonStage(4);

type Answer = (payloads: readonly number[]) => Reply;

/** An executor that answers like this. */
function executorOf(answer: Answer): Executor & { readonly asked: (readonly unknown[])[] } {
  const asked: (readonly unknown[])[] = [];
  return {
    id: "a",
    width: 1,
    asked,
    execute: async (request) => {
      const { payloads } = request as unknown as { payloads: number[] };
      asked.push(payloads);
      return answer(payloads);
    },
  };
}

const death = { session: "a", pid: 1, signal: null, exitCode: 1, during: undefined, lastLines: [] };
const raised = (type: string): PythonError =>
  new PythonError(
    { session: "a", target: "model.predict" },
    { type, module: "builtins", message: type, traceback: "" },
  );

test.each<ErrorPolicy>(["halt", "reject", routeTo("late")])(
  "records that the function has set aside are rejected with its reasons, whatever the policy",
  async (policy) => {
    const session = executorOf(() => batchReply([1, 3], { left: [{ index: 1, step: 0, why: "no label" }] }));
    const { context, rejections } = stand({ session, policy });
    const { payloads, thrown } = await through(oneStage(stage, context), [[1, 2, 3]]);
    expect({ payloads, thrown }).toEqual({ payloads: [1, 3], thrown: undefined });
    expect(rejections).toMatchObject([
      { id: 1, payload: 2, reason: "no label", attempts: 1, error: { code: "SLITHER_RECORD_REJECTED" } },
    ]);
    expect(session.asked).toHaveLength(1);
  },
);

test.each([
  ["too few", [1], 1],
  ["too many", [1, 2, 3, 4], 4],
])("an answer with %s is refused with both counts", async (_, results, got) => {
  const session = executorOf(() => batchReply(results));
  const { thrown } = await through(oneStage(stage, stand({ session }).context), [[1, 2, 3]]);
  const { cause } = thrown as { cause: unknown };
  expect(cause).toBeInstanceOf(BatchResultError);
  expect(cause).toMatchObject({ expected: 3, got, stage: "stage", target: "model.predict", session: "a" });
});

test("a record that has killed its process is not sent again in a later batch of the run", async () => {
  const fatal: Answer = (payloads) => {
    if (payloads.includes(7)) throw new WorkerDiedError(death);
    return batchReply(payloads);
  };
  const [session, probes] = [executorOf(fatal), executorOf(fatal)];
  const { context, rejections } = stand({ session, probes, policy: "reject" });
  const single = pythonStage(1);
  const { payloads } = await through(oneStage(single, context), [[7], [1], [2], [3], [4], [7], [5]]);
  expect(payloads).toEqual([1, 2, 3, 4, 5]);
  expect(rejections).toMatchObject([
    { id: 0, attempts: 2, error: { code: "SLITHER_WORKER_DIED" } },
    {
      id: 5,
      attempts: 0,
      error: { code: "SLITHER_POISONED_RECORD", cause: { code: "SLITHER_WORKER_DIED" } },
    },
  ]);
  expect(session.asked.filter((batch) => batch.includes(7))).toHaveLength(1);
});

test("a function decides on the batch, then on its parts", async () => {
  const session = executorOf((payloads) => {
    if (payloads.includes(2)) throw raised("ValueError");
    return batchReply(payloads);
  });
  const asked: unknown[] = [];
  const policy: ErrorPolicy = (_, failed, attempts) => {
    asked.push([Array.isArray(failed) ? failed.length : failed, attempts]);
    return routeTo("odd");
  };
  const { context } = stand({ session, policy });
  const { items } = await through(oneStage(stage, context), [[1, 2, 3]]);
  expect(items.map(({ payload, route }) => [payload, route])).toEqual([
    [1, "default"],
    [2, "odd"],
    [3, "default"],
  ]);
  expect(asked).toEqual([
    [3, 1],
    [2, 2],
    [expect.objectContaining({ id: 1, payload: 2 }), 3],
  ]);
});

test("a stage that is stopped does not wait for a function that decides", async () => {
  const session = executorOf(() => {
    throw raised("ValueError");
  });
  const asked = deferred();
  const policy: ErrorPolicy = () => {
    asked.resolve();
    return new Promise(() => {});
  };
  const { context, stopping } = stand({ session, policy });
  const running = through(oneStage(stage, context), [[1, 2]]);
  await asked.promise;
  await quiet();
  const reason = new Error("enough");
  stopping.abort(reason);
  expect((await running).thrown).toBe(reason);
  expect(context.books.counts.unfinished).toBe(2);
});

test("where rejections are handed to fails, the stage stops itself and what is before it, and is not at fault", async () => {
  const session = executorOf(() => batchReply([2], { left: [{ index: 0, step: 0, why: "why" }] }));
  const { context, stops } = stand({ session, policy: "reject" });
  const full = new Error("the disk is full");
  context.books.room = () => Promise.reject(full);
  const { thrown } = await through(oneStage(stage, context), [[1, 2]]);
  expect(thrown).toBe(full);
  expect(stops).toEqual([full]);
});
