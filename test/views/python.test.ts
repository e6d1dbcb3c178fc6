import { batchView, CallTimeoutError, pipe, type Session, type ViewContext, view } from "slither-ts";
import { expect, onTestFinished, test } from "vitest";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { testViews } from "./conformance.js";

const doubled = view("price", ({ key }: { key: number }) => key * 2);

const shared = sharedEngine();

testViews("local()", async (views, options) => {
  const session = await shared().session({ id: "a", views, ...options });
  onTestFinished(() => session.close({ timeout: 1 }));
  return session;
});

test("twenty sessions that ask at once each get their own answers", { timeout: 60_000 }, async () => {
  const who = view("who", async ({ key }: { key: number }, { session }) => {
    await new Promise((resolve) => setTimeout(resolve, key % 3));
    return `${session} ${key}`;
  });
  const engine = await testEngine({ views: [who] });
  const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
  const sessions = await Promise.all(ids.map((id) => engine.session({ id })));
  const keys = Array.from({ length: 10 }, (_, index) => index);

  const answers = await Promise.all(
    sessions.map((session) =>
      Promise.all(keys.map((key) => session.call("asking", "ask", ["who", { key }]))),
    ),
  );

  expect(answers).toEqual(ids.map((id) => keys.map((key) => `${id} ${key}`)));
});

test("a handler that would wait for the session that asks is refused, and Python sees why", async () => {
  let own!: Session;
  const waiting = view("waiting", () => own.call("math", "sqrt", [4]));
  own = await (await testEngine({ views: [waiting] })).session({ id: "a" });

  expect(await own.call("asking", "caught", ["waiting"])).toBe(
    'ViewRefusedError: view "waiting" cannot wait for math.sqrt of session a: session a waits for its answer; ask another session, or give what the view needs along with the question',
  );
});

test("a handler may call another session, whose Python asks in turn", async () => {
  let other!: Session;
  const engine = await testEngine({
    views: [view("outer", () => other.call("asking", "ask", ["inner"])), view("inner", () => 42)],
  });
  other = await engine.session();

  expect(await (await engine.session()).call("asking", "ask", ["outer"])).toBe(42);
});

test("fused stages ask their own views, and are refused those of their neighbours", async () => {
  const stages: unknown[] = [];
  const noting = batchView<number>("price", (keys, { stage }) => {
    stages.push(stage);
    return keys;
  });
  const session = await (await testEngine()).session({ id: "a" });
  const fused = pipe<number>("p")
    .python<number>("one", { module: "asking", function: "ask_all", views: [noting] })
    .python<number>("two", { module: "asking", function: "ask_each" })
    .onError("*", "reject");

  const { rejected } = await fused.run([7], { session }).collect();

  expect(fused.explain().operators).toHaveLength(1);
  expect(stages).toEqual(["one"]);
  expect(rejected.map(({ stage, reason }) => ({ stage, reason }))).toEqual([
    {
      stage: "two",
      reason:
        "session a: stage two: asking.ask_each raised ViewRefusedError: stage two may not ask view `price`: it lists none; add it to the option `views` of the stage",
    },
  ]);
});

test("replicas ask for their session, which a handler may call meanwhile", { timeout: 60_000 }, async () => {
  let session!: Session;
  const rooted = view("price", ({ key }: { key: number }) => session.call("math", "sqrt", [key]));
  session = await (await testEngine()).session({ id: "a", setup: () => {} });

  const { outputs } = await pipe<number>("p")
    .python<[string, number, number]>("s", {
      module: "asking",
      function: "who",
      batch: { size: 2 },
      views: [rooted],
    })
    .run([1, 4, 9, 16, 25, 36], { session, replicas: 2 })
    .collect();

  const results = outputs.default.map(({ payload }) => payload);
  expect(results.map(([, , root]) => root)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(results.map(([, pid]) => pid)).not.toContain(session.pid);
});

test("copies that are searched for a record that kills ask views as well", { timeout: 60_000 }, async () => {
  const contexts: ViewContext[] = [];
  const noting = batchView<number>("price", (keys, context) => {
    contexts.push(context);
    return keys.map((key) => key * 2);
  });
  const session = await (await testEngine()).session({ id: "a", setup: () => {} });
  const run = pipe<number>("p")
    .python<number>("s", { module: "asking", function: "dies_of_13", views: [noting] })
    .onError("s", "reject")
    .run([11, 12, 13, 14], { session });
  const probed: boolean[] = [];
  run.on("batch-stop", ({ probe }) => probed.push(probe));

  const { outputs, rejected } = await run.collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual([22, 24, 28]);
  expect(rejected.map(({ payload }) => payload)).toEqual([13]);
  expect(probed).toContain(true);
  expect(new Set(contexts.map(({ session }) => session))).toEqual(new Set(["a"]));
  expect(contexts[0]?.attempt).toBe(1);
  expect(contexts.at(-1)?.attempt).toBeGreaterThan(1);
});

test("a call that passes its deadline while it waits for a view is stopped there", async () => {
  const signals: AbortSignal[] = [];
  const endless = view("endless", (_, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const session = await (await testEngine({ views: [endless, doubled] })).session();

  const call = session.call("asking", "ask", ["endless"], { timeout: "300ms" });
  const error = await rejection(call, CallTimeoutError);

  expect(error.fate).toBe("cancelled");
  expect(signals[0]?.aborted).toBe(true);
  expect(await session.call("asking", "ask", ["price", { key: 2 }])).toBe(4);
});

test("a batch that passes its deadline while it waits for a view costs its record alone", async () => {
  const endlessForTwo = view("price", ({ key }: { key: number }) =>
    key === 2 ? new Promise(() => {}) : key,
  );
  const session = await (await testEngine()).session({ id: "a", setup: () => {} });
  const { rejected, outputs } = await pipe<number>("p")
    .python<number>("s", {
      module: "asking",
      function: "ask_each",
      views: [endlessForTwo],
      timeout: "300ms",
      batch: { size: 1 },
    })
    .onError("s", "reject")
    .run([1, 2, 3], { session })
    .collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 3]);
  expect(rejected.map(({ payload }) => payload)).toEqual([2]);
  expect(await session.call("math", "sqrt", [4])).toBe(2);
});

test("a run that is aborted while its Python waits for a view ends, and the session goes on", async () => {
  const leaving = new AbortController();
  const signals: AbortSignal[] = [];
  const endless = view("price", (_, { signal }) => {
    signals.push(signal);
    leaving.abort();
    return new Promise(() => {});
  });
  const session = await (await testEngine()).session({ id: "a", setup: () => {} });
  const pid = session.pid;

  const status = await pipe<number>("p")
    .python("s", { module: "asking", function: "ask_all", views: [endless] })
    .run([1], { session, signal: leaving.signal })
    .collect()
    .catch((error) => error.status);

  expect(status).toBe("aborted");
  expect(signals[0]?.aborted).toBe(true);
  expect(await session.call("math", "sqrt", [4])).toBe(2);
  expect(session.pid).toBe(pid);
});

test("forks ask the views of their original", async () => {
  const session = await (await testEngine()).session({
    id: "a",
    views: [view("who", (_, { session }) => session)],
  });
  const fork = await session.fork({ id: "b" });

  expect(await fork.call("asking", "ask", ["who"])).toBe("b");
});
