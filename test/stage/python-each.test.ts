import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { RecordFailure } from "../../src/dispatch/judge.js";
import type { Reply, Request } from "../../src/engine.js";
import { PythonError } from "../../src/errors/python.js";
import { RecordRejectedError } from "../../src/errors/rejected.js";
import type { Executor } from "../../src/session/replicas.js";
import { BatchSender } from "../../src/stage/batch-sender.js";
import { sendChecked } from "../../src/stage/checked-batch.js";
import type { PythonStage } from "../../src/stage/python-stage.js";
import { item, stand } from "./context.js";

const SCORE = { module: "model", function: "score" };

/** The stage of a plan: as a run has it. */
function stageOf(options: { each?: boolean }): PythonStage {
  const { plan } = pipe("scoring").python("score", { ...SCORE, ...options });
  return plan.stages[0] as PythonStage;
}

/** A session that answers every batch like this, and keeps what it was asked. */
function sessionOf(reply: Omit<Reply, "computeNanoseconds">): Executor & { readonly asked: Request[] } {
  const asked: Request[] = [];
  return {
    id: "a",
    width: 1,
    asked,
    execute: async (request) => {
      asked.push(request);
      return { computeNanoseconds: 0, ...reply };
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
  const session = sessionOf({ value: [1, 2, 3] });
  await new BatchSender(stageOf({ each }), stand({ session }).context).send(items, how);
  expect(session.asked).toEqual([{ kind: "batch", ...SCORE, payloads: [1, 2, 3], each }]);
});

test("a function takes the whole batch where its stage does not say", () => {
  expect(stageOf({}).each).toBe(false);
});

test("records that have failed by themselves, and those that were set aside, stand among the results of the others", async () => {
  const session = sessionOf({ value: [10, null, null], rejected: [[1, "late"]], failed: [[2, raised]] });
  const sender = new BatchSender(stageOf({ each: true }), stand({ session }).context);

  const results = await sender.send(items, how);

  expect(results).toEqual([10, new RecordRejectedError("late"), new RecordFailure(raised)]);
});

test("a record that has failed by itself is no matter of the output schema", async () => {
  const failure = new RecordFailure(raised);
  const checked = { name: "score", output: z.int() };

  const results = await sendChecked(items, checked, async () => [10, failure, "no number"]);

  expect(results).toMatchObject([10, { error: raised }, { error: { code: "SLITHER_SCHEMA" } }]);
  expect(results[1]).toBe(failure);
});
