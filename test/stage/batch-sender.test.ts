import { pipe } from "slither-ts";
import { expect, test } from "vitest";
import type { StageAccount } from "../../src/run/stage-account.js";
import type { Executor } from "../../src/session/replicas.js";
import { BatchSender } from "../../src/stage/batch-sender.js";
import type { PythonStep } from "../../src/telemetry/python-step.js";
import { type BatchReplyOptions, batchReply } from "../helpers/batch-reply.js";
import { item } from "./context.js";
import { groupStand } from "./group.js";

const CALLED = { module: "model", function: "same" };
const { plan } = pipe<number>("p").python<number>("first", CALLED).python<number>("second", CALLED);

const how = { place: "session", stop: new AbortController().signal } as const;

/** What is told of a batch of two, and counted for both stages, when it is answered like this. */
async function noted(results: readonly unknown[], answer: BatchReplyOptions) {
  const session = { id: "a", width: 1, execute: async () => batchReply(results, { steps: 2, ...answer }) };
  const { members, contexts, events } = groupStand(plan, session as unknown as Executor);
  const steps: PythonStep[] = [];
  events.on("batch-stop", (event) => steps.push(...event.steps));
  await new BatchSender(members).send([item(1), item(2)], how);
  return { steps, books: contexts.map(({ books }) => books as StageAccount) };
}

const allAside = [0, 1].map((index) => ({ index, step: 0, why: "no label" }));

test("what lies between two functions is in the compute time of neither stage", async () => {
  const { books } = await noted([1, 2], { computeMs: 10, betweenMs: 500 });
  for (const { computeMs } of books) expect(computeMs).toBeCloseTo(10, 6);
});

test("what lies between two functions is in the time of neither step", async () => {
  const { steps } = await noted([1, 2], { computeMs: 10, betweenMs: 500 });
  expect(steps.map(({ stage }) => stage)).toEqual(["first", "second"]);
  for (const { beganMs, endedMs } of steps) expect(endedMs - beganMs).toBeCloseTo(10, 6);
});

test("a fused stage whose function no record reached has no batch more", async () => {
  const { books } = await noted([], { left: allAside });
  expect(books.map(({ batches }) => batches)).toEqual([1, 0]);
});

test("a function that no record reached is none of the steps that are told", async () => {
  const { steps } = await noted([], { left: allAside });
  expect(steps.map(({ stage }) => stage)).toEqual(["first"]);
});

test("a function that the last records failed in was reached", async () => {
  const { steps } = await noted([], { left: allAside.map((row) => ({ ...row, step: row.index })) });
  expect(steps.map(({ stage }) => stage)).toEqual(["first", "second"]);
});
