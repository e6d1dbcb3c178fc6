// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import { expect, test } from "vitest";
import type { Reply, Request } from "../../src/engine.js";
import {
  BatchResultError,
  PythonError,
  PythonFunctionError,
  PythonImportError,
} from "../../src/errors/python.js";
import {
  CallAbortedError,
  CallTimeoutError,
  MemoryLimitError,
  ProtocolError,
  RefError,
  SessionClosedError,
  SessionLostError,
  SessionRolledBackError,
  WorkerDiedError,
} from "../../src/errors/session.js";
import { ValueNotSupportedError } from "../../src/errors/value.js";
import type { ExecutionOptions } from "../../src/session/execution-options.js";
import type { Executor, Site } from "../../src/session/replicas.js";
import type { Chunk } from "../../src/stage/contract.js";
import { type ErrorPolicy, retry } from "../../src/stage/policy.js";
import { chunksOf, drained } from "../dispatch/chunks.js";
import { batchReply } from "../helpers/batch-reply.js";
import { upTo } from "../pipe/inputs.js";
import { item, stand, through } from "./context.js";
import { oneStage, pythonStage } from "./stages.js";

type Batch = Extract<Request, { kind: "batch" }>;
type Execute = (request: Batch, options: ExecutionOptions) => Promise<Reply>;

interface Asked {
  readonly request: Batch;
  readonly site: Site;
  readonly options: ExecutionOptions;
}

const stage = pythonStage(2);

/** A session that carries batches out as the test says, and keeps what it was asked. */
function sessionOf(execute: Execute, width = 1): { session: Executor; asked: Asked[] } {
  const asked: Asked[] = [];
  const session: Executor = {
    id: "a",
    width,
    execute: (request, site, options) => {
      asked.push({ request: request as Batch, site, options });
      return execute(request as Batch, options);
    },
  };
  return { session, asked };
}

const doubling: Execute = async ({ payloads }) =>
  batchReply(
    payloads.map((payload) => (payload as number) * 2),
    { computeMs: 3 },
  );

test("each payload becomes the result of its place", async () => {
  const { session } = sessionOf(doubling);
  const { payloads } = await through(oneStage(stage, stand({ session }).context), [[1], [2, 3, 4], [5]]);
  expect(payloads).toEqual([2, 4, 6, 8, 10]);
});

test("the session is asked for the function by name, with the payloads alone", async () => {
  const { session, asked } = sessionOf(doubling);
  await through(oneStage(stage, stand({ session }).context), [[1, 2]]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.request).toMatchObject({
    kind: "batch",
    steps: [{ stage: "stage", module: "model", function: "predict", form: "list" }],
    payloads: [1, 2],
    taps: [],
  });
});

test("a batch belongs to its run, two of which may be sent at once, and its time starts when it runs", async () => {
  const { session, asked } = sessionOf(doubling);
  const { signal: abort } = new AbortController();
  await through(oneStage(stage, stand({ session, abort }).context), [[1, 2]]);
  expect(asked[0]?.site).toEqual({ target: "model.predict", stage: "stage" });
  expect(asked[0]?.options).toMatchObject({
    owner: "run-1",
    depth: 2,
    stepTimeoutsMs: [1_500],
    timeoutFrom: "running",
  });
  expect(asked[0]?.options.abort).toBe(abort);
});

test("batches in flight are withdrawn when the stage is stopped, not aborted", async () => {
  const reason = new Error("enough");
  const { session, asked } = sessionOf((_, { withdraw }) => {
    return new Promise((_resolve, reject) => {
      withdraw?.addEventListener("abort", () => reject(withdraw.reason));
    });
  });
  const { context, stopping } = stand({ session });
  const running = through(oneStage(stage, context), [[1, 2, 3, 4]]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.map(({ options }) => options.withdraw?.aborted)).toEqual([false, false]);
  stopping.abort(reason);
  expect((await running).thrown).toBe(reason);
  expect(context.books.counts).toMatchObject({ out: 0, unfinished: 4 });
});

test("an answered batch is in the books, with the time that the function took", async () => {
  const { session } = sessionOf(doubling);
  const batches: [number, number][] = [];
  const { context } = stand({ session });
  context.books.batch = (durationMs, computeMs) => batches.push([durationMs, computeMs]);
  await through(oneStage(stage, context), [[1, 2, 3]]);
  expect(batches).toEqual([
    [expect.any(Number), expect.closeTo(3, 5)],
    [expect.any(Number), expect.closeTo(3, 5)],
  ]);
});

const site = { session: "a", target: "model.predict", stage: "stage" };
const raised = { type: "ValueError", module: "builtins", message: "bad", traceback: "" };
const refused = { path: "payloads[0]", typeName: "Date", direction: "argument", message: "a Date" } as const;
const dead = { session: "a", pid: 1, signal: null, exitCode: 1, during: undefined, lastLines: [] };

test.each<[string, Error]>([
  ["PythonError", new PythonError(site, raised)],
  ["BatchResultError", new BatchResultError(site, { expected: 1, got: 0, type: "list" })],
  ["ValueNotSupportedError", new ValueNotSupportedError(refused)],
])("under reject, a %s is searched for the records that it is about", async (_, error) => {
  const { session } = sessionOf((request, options) =>
    request.payloads.includes(2) ? Promise.reject(error) : doubling(request, options),
  );
  const { context, rejections } = stand({ session, policy: "reject" });
  const { payloads, thrown } = await through(oneStage(stage, context), [[1, 2, 3]]);
  expect({ payloads, thrown }).toEqual({ payloads: [2, 6], thrown: undefined });
  expect(rejections).toMatchObject([{ payload: 2, error }]);
});

const imported = { module: "model", missing: "model", traceback: "", session: "a" };
const late = { session: "a", target: "model.predict", timeoutMs: 5, fate: "killed" } as const;

test.each<[string, Error]>([
  ["PythonImportError", new PythonImportError("no module", imported)],
  [
    "PythonFunctionError",
    new PythonFunctionError("no function", { target: "f", suggestions: [], session: "a" }),
  ],
  [
    "SessionRolledBackError",
    new SessionRolledBackError("a", { calls: ["f"], count: 1, from: "checkpoint" }, "a death"),
  ],
  ["SessionLostError", new SessionLostError("a", new Error("gone"))],
  ["SessionClosedError", new SessionClosedError("a", "it was closed")],
  ["CallAbortedError", new CallAbortedError({ ...site, fate: "killed" }, "enough")],
  ["RefError", new RefError("a ref of another session", "b")],
  ["ProtocolError", new ProtocolError("out of step")],
  ["TypeError", new TypeError("a fault of this library")],
])("under reject, a %s ends the stage at once: it would fail every record alike", async (_, error) => {
  const { session, asked } = sessionOf(() => Promise.reject(error));
  const { context, rejections } = stand({ session, policy: "reject" });
  const { thrown } = await through(oneStage(stage, context), [[1, 2]]);
  expect(thrown).toMatchObject({ stage: "stage", cause: error });
  expect({ asked: asked.length, rejections }).toEqual({ asked: 1, rejections: [] });
});

const deaths: [string, Error][] = [
  ["WorkerDiedError", new WorkerDiedError(dead)],
  ["MemoryLimitError", new MemoryLimitError(dead, { usedBytes: 2, limitBytes: 1 })],
  ["CallTimeoutError", new CallTimeoutError(late)],
];

test.each(deaths)(
  "under reject, a %s is searched in probes for the record that it is about, and the others go on",
  async (_, error) => {
    const asked: [string, readonly unknown[]][] = [];
    const fatal =
      (name: string): Execute =>
      (request, options) => {
        asked.push([name, request.payloads]);
        return request.payloads.includes(2) ? Promise.reject(error) : doubling(request, options);
      };
    const [session, probes] = ["session", "probes"].map((name) => sessionOf(fatal(name)).session);
    const { context, rejections } = stand({ session, probes, policy: "reject" });
    const { payloads, thrown } = await through(oneStage(stage, context), [[1, 2, 3]]);
    expect({ payloads, thrown }).toEqual({ payloads: [2, 6], thrown: undefined });
    expect(rejections).toMatchObject([{ payload: 2, error }]);
    expect(asked.filter(([name]) => name === "session")).toEqual([
      ["session", [1, 2]],
      ["session", [3]],
    ]);
    expect(asked.filter(([name]) => name === "probes").at(-1)).toEqual(["probes", [2]]);
  },
);

test.each(deaths)("under halt, a %s ends the stage at once", async (_, error) => {
  const { session, asked } = sessionOf(() => Promise.reject(error));
  const { thrown } = await through(oneStage(stage, stand({ session }).context), [[1, 2]]);
  expect(thrown).toMatchObject({ stage: "stage", cause: error });
  expect(asked).toHaveLength(1);
});

test.each(deaths)("a %s ends a stateful stage, whatever its policy", async (_, error) => {
  const { session, asked } = sessionOf(() => Promise.reject(error));
  const { context } = stand({ session, policy: "reject" });
  const { thrown } = await through(oneStage({ ...stage, stateful: true }, context), [[1, 2]]);
  expect(thrown).toMatchObject({ stage: "stage", cause: error });
  expect(asked).toHaveLength(1);
});

test("a batch of which every record is rejected is not passed on", async () => {
  const { session } = sessionOf(() => Promise.reject(new PythonError(site, raised)));
  const { context } = stand({ session, policy: "reject" });
  async function* upstream(): AsyncGenerator<Chunk> {
    yield [item(1), item(2)];
  }
  expect((await drained(oneStage(stage, context)(upstream()))).values).toEqual([]);
});

test("under halt, nothing is searched", async () => {
  const { session, asked } = sessionOf(() => Promise.reject(new PythonError(site, raised)));
  const { context } = stand({ session });
  await through(oneStage(stage, context), [[1, 2]]);
  expect(asked).toHaveLength(1);
  expect(context.books.counts).toMatchObject({ rejected: 0, unfinished: 2 });
});

test("so many batches are in flight as keep every process of the run busy: two for each", async () => {
  const { session, asked } = sessionOf(() => new Promise(() => {}), 3);
  const { context, stopping } = stand({ session });
  void drained(oneStage(stage, context)(chunksOf([upTo(20).map((n) => item(n))])));
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.map(({ request }) => request.payloads)).toEqual([0, 2, 4, 6, 8, 10].map((n) => [n, n + 1]));
  stopping.abort();
});

test.each<[ErrorPolicy, number]>([
  ["halt", 3],
  ["reject", 1],
  [retry({ then: "halt" }), 1],
  [() => "halt", 1],
])(
  "a batch leaves the state as it was, and may be sent again by its session where nobody else does that",
  async (policy, attempts) => {
    const { session, asked } = sessionOf(doubling);
    await through(oneStage(stage, stand({ session, policy }).context), [[1, 2]]);
    expect(asked[0]?.options).toMatchObject({ attempts, changesState: false });
  },
);

test("a batch of a stateful stage may not be sent again, and changes the state", async () => {
  const { session, asked } = sessionOf(doubling);
  await through(oneStage({ ...stage, stateful: true }, stand({ session }).context), [[1, 2]]);
  expect(asked[0]?.options).toMatchObject({ attempts: 1, changesState: true });
});

test("under reject, a batch of a stateful stage that raises is not searched: all its records are rejected", async () => {
  const error = new PythonError(site, raised);
  const { session, asked } = sessionOf((request, options) =>
    request.payloads.includes(2) ? Promise.reject(error) : doubling(request, options),
  );
  const { context, rejections } = stand({ session, policy: "reject" });
  const stateful = pythonStage(3, { stateful: true });
  const { payloads, thrown } = await through(oneStage(stateful, context), [[1, 2, 3, 4, 5]]);
  expect({ payloads, thrown, asked: asked.length }).toEqual({
    payloads: [8, 10],
    thrown: undefined,
    asked: 2,
  });
  expect(rejections).toMatchObject([1, 2, 3].map((payload) => ({ payload, error })));
});
