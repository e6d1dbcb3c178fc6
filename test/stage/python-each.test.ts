import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { RecordFailure } from "../../src/dispatch/judge.js";
import type { Reply, Request } from "../../src/engine.js";
import { PythonError } from "../../src/errors/python.js";
import { RecordRejectedError } from "../../src/errors/rejected.js";
import type { Executor } from "../../src/session/replicas.js";
import { BatchSender } from "../../src/stage/batch-sender.js";
import { checkedResults } from "../../src/stage/checked-batch.js";
import type { PythonStage } from "../../src/stage/python-stage.js";
import { batchReply } from "../helpers/batch-reply.js";
import { item, stand } from "./context.js";

const SCORE = { module: "model", function: "score" };

/** The stage of a plan: as a run has it. */
function stageOf(options: { each?: boolean }): PythonStage {
  const { plan } = pipe("scoring").python("score", { ...SCORE, ...options });
  return plan.stages[0] as PythonStage;
}

function senderOf(options: { each?: boolean }, session: Executor): BatchSender {
  return new BatchSender([{ stage: stageOf(options), context: stand({ session }).context }]);
}

/** A session that answers every batch like this, and keeps what it was asked. */
function sessionOf(reply: Reply): Executor & { readonly asked: Request[] } {
  const asked: Request[] = [];
  return {
    id: "a",
    width: 1,
    asked,
    execute: async (request) => {
      asked.push(request);
      return reply;
    },
  };
}

const items = [1, 2, 3].map((payload) => item(payload));
const how = { place: "session", stop: new AbortController().signal } as const;
const raised = new PythonError(
  { session: "a", target: "model.score" },
  { type: "ValueError", module: "builtins", message: "bad", traceback: "" },
);

test.each([true, false])("the session is told whether the function takes one payload: %s", async (each) => {
  const session = sessionOf(batchReply([1, 2, 3]));
  await senderOf({ each }, session).send(items, how);
  const form = each ? "each" : "list";
  expect(session.asked).toMatchObject([
    { kind: "batch", steps: [{ ...SCORE, stage: "score", form }], payloads: [1, 2, 3] },
  ]);
});

test("a function takes the whole batch where its stage does not say", () => {
  expect(stageOf({}).each).toBe(false);
});

test("records that have failed by themselves, and those that were set aside, stand among the results of the others", async () => {
  const left = [
    { index: 1, step: 0, why: "late" },
    { index: 2, step: 0, why: raised },
  ];
  const session = sessionOf(batchReply([10], { left }));

  const results = await senderOf({ each: true }, session).send(items, how);

  expect(results).toEqual([10, new RecordRejectedError("late"), new RecordFailure(raised)]);
});

test("a record that has failed by itself is no matter of the output schema", async () => {
  const failure = new RecordFailure(raised);
  const checked = { names: ["score", "score"], last: 0, output: z.int() } as const;

  const results = await checkedResults([10, failure, "no number"], checked);

  expect(results).toMatchObject([10, { error: raised }, { error: { code: "SLITHER_SCHEMA" } }]);
  expect(results[1]).toBe(failure);
});
