import { CallTimeoutError, view } from "slither-ts";
import { crash } from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { rejection } from "../helpers/rejection.js";
import { asking, askingSession, inlineEngine } from "./sessions.js";

/** A view that never answers, and the signals that it was given. */
function endless(options: { timeout?: number } = {}) {
  const signals: AbortSignal[] = [];
  let asked!: () => void;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const definition = view(
    "endless",
    (_, { signal }) => {
      signals.push(signal);
      asked();
      return new Promise(() => {});
    },
    options,
  );
  return { view: definition, signals, isAsked };
}

/** What became an unhandled rejection while the test ran. */
function unhandled(): unknown[] {
  const heard: unknown[] = [];
  const hear = (reason: unknown): void => void heard.push(reason);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));
  return heard;
}

const nextRounds = async (): Promise<void> => {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
};

test("a view that takes longer than its timeout is a ViewTimeoutError, and its signal is aborted", async () => {
  const { view: slow, signals } = endless({ timeout: 20 });
  const session = await askingSession([slow]);

  expect(await session.call("m", "caught", ["endless"])).toBe(
    'ViewTimeoutError: view "endless" took longer than 20 ms',
  );
  expect(signals[0]?.aborted).toBe(true);
});

test("what a view answers after its time is not the answer to the next question", async () => {
  let answer!: (value: string) => void;
  let count = 0;
  const slow = view(
    "slow",
    () => (++count === 1 ? new Promise((resolve) => (answer = resolve)) : Promise.resolve("on time")),
    { timeout: 20 },
  );
  const session = await askingSession([slow]);

  await session.call("m", "caught", ["slow"]);
  answer("too late");

  expect(await session.call("m", "caught", ["slow"])).toBe("on time");
});

test("what a view rejects with after its time goes nowhere", async () => {
  const heard = unhandled();
  const rejecting = view(
    "rejecting",
    (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("late")))),
    { timeout: 20 },
  );
  const session = await askingSession([rejecting]);

  expect(await session.call("m", "caught", ["rejecting"])).toContain("ViewTimeoutError");
  await nextRounds();

  expect(heard).toEqual([]);
});

test("where a view throws for one of its keys, what it rejects with for those before goes nowhere", async () => {
  const heard = unhandled();
  let failLate!: () => void;
  const half = view("half", ({ key }: { key: number }) => {
    if (key === 2) throw new RangeError("bad key 2");
    return new Promise((_, reject) => {
      failLate = () => reject(new Error("late"));
    });
  });
  const session = await askingSession([half]);

  expect(await session.call("m", "caught", ["half", { keys: [1, 2] }])).toContain("bad key 2");
  failLate();
  await nextRounds();

  expect(heard).toEqual([]);
});

test("a call that passes its deadline while it waits for a view is stopped there", async () => {
  const heard = unhandled();
  const { view: slow, signals } = endless();
  const session = await askingSession([slow]);

  const error = await rejection(session.call("m", "ask", ["endless"], { timeout: 20 }), CallTimeoutError);
  await nextRounds();

  expect(error.fate).toBe("cancelled");
  expect(signals[0]?.aborted).toBe(true);
  expect(heard).toEqual([]);
});

test("a worker that dies while a view is asked aborts its signal", async () => {
  const heard = unhandled();
  const { view: slow, signals, isAsked } = endless();
  const session = await askingSession([slow]);

  const call = session.call("m", "ask", ["endless"]).catch((error) => error.code);
  await isAsked;
  await session.close({ timeout: 1 });
  await call;
  await nextRounds();

  expect(signals[0]?.aborted).toBe(true);
  expect(heard).toEqual([]);
});

test("a signal that is first looked at when the question is over is aborted", async () => {
  let look!: () => boolean;
  const slow = view(
    "slow",
    (_, context) => {
      look = () => context.signal.aborted;
      return new Promise(() => {});
    },
    { timeout: 20 },
  );
  const session = await askingSession([slow]);

  await session.call("m", "caught", ["slow"]);

  expect(look()).toBe(true);
});

test("a question that was answered keeps its signal", async () => {
  const signals: AbortSignal[] = [];
  const session = await askingSession([view("quick", (_, { signal }) => signals.push(signal))]);

  await session.call("m", "ask", ["quick"]);

  expect(signals[0]?.aborted).toBe(false);
});

test("a call that is repeated after a crash asks again, as another attempt", async () => {
  const attempts: number[] = [];
  const engine = inlineEngine({
    modules: { m: asking },
    views: [view("which", (_, { attempt }) => attempts.push(attempt))],
    faults: ({ attempt }) => (attempt === 1 ? crash({ signal: "SIGKILL" }) : undefined),
  });
  const session = await engine.session({ setup: () => {} });

  await session.call("m", "ask", ["which"], { idempotent: true });

  expect(attempts).toEqual([2]);
});
