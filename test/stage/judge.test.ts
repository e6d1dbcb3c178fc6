// biome-ignore-all lint/suspicious/noThenProperty: `then` is an option of retry().
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Verdict } from "../../src/dispatch/judge.js";
import { OptionsError } from "../../src/errors/options.js";
import { PythonError } from "../../src/errors/python.js";
import { CallTimeoutError, MemoryLimitError, WorkerDiedError } from "../../src/errors/session.js";
import { judgeOf } from "../../src/stage/judge.js";
import { type ErrorPolicy, type RetryOptions, reject, retry } from "../../src/stage/policy.js";
import { routeTo } from "../../src/stage/results.js";
import { item } from "./context.js";

const site = { session: "a", target: "model.predict" };
const bases = ["requests.exceptions.RequestException", "builtins.OSError", "builtins.Exception"];
const timeout = new PythonError(site, {
  type: "Timeout",
  module: "requests.exceptions",
  message: "late",
  traceback: "",
  bases,
});
const death = { session: "a", pid: 1, signal: null, exitCode: 1, during: undefined, lastLines: [] };
const died = new WorkerDiedError(death);
const late = new CallTimeoutError({ ...site, timeoutMs: 5, fate: "killed" });
const broken = new RangeError("broken");

/** What a policy says to one item that failed. */
async function verdict(policy: ErrorPolicy, error: unknown = broken, attempts = 1, repeats = true) {
  return judgeOf(policy, "predict", repeats)({ error, records: [item(1)], attempts });
}

test.each<[string, ErrorPolicy, Verdict]>([
  ["halt", "halt", { kind: "halt" }],
  ["reject", "reject", { kind: "reject" }],
  ["reject({ max })", reject({ max: 3 }), { kind: "reject" }],
  ["routeTo()", routeTo("late"), { kind: "routeTo", route: "late" }],
])("%s says the same to every failure", async (_, policy, expected) => {
  for (const error of [broken, timeout, died, late]) expect(await verdict(policy, error)).toEqual(expected);
});

test.each<[string, RetryOptions["then"], Verdict]>([
  ["nothing is said", undefined, { kind: "halt" }],
  ["halt", "halt", { kind: "halt" }],
  ["reject", "reject", { kind: "reject" }],
  ["reject({ max })", reject({ max: 3 }), { kind: "reject" }],
  ["routeTo()", routeTo("late"), { kind: "routeTo", route: "late" }],
])("when its tries are used up, retry says what `then` says: %s", async (_, then, expected) => {
  const policy = retry({ attempts: 2, ...(then === undefined ? {} : { then }) });
  expect(await verdict(policy, died, 1)).toMatchObject({ kind: "retry" });
  expect(await verdict(policy, died, 2)).toEqual(expected);
  expect(await verdict(policy, died, 7)).toEqual(expected);
});

test("by itself, retry tries deaths of a process and deadlines again, and nothing else", async () => {
  const kinds = await Promise.all([died, late, broken, timeout].map((error) => verdict(retry(), error)));
  expect(kinds.map(({ kind }) => kind)).toEqual(["retry", "retry", "halt", "halt"]);
});

test("a process that was killed for its memory is not tried again, unless it is named: it needs as much the next time", async () => {
  const error = new MemoryLimitError(death, { usedBytes: 2, limitBytes: 1 });
  expect(await verdict(retry({ then: "reject" }), error)).toEqual({ kind: "reject" });
  expect(await verdict(retry({ on: [MemoryLimitError] }), error)).toMatchObject({ kind: "retry" });
});

test.each<[string, string | (abstract new (...args: never[]) => Error)]>([
  ["its class", "Timeout"],
  ["its class with the module", "requests.exceptions.Timeout"],
  ["a base class", "OSError"],
  ["a base class with the module", "builtins.OSError"],
  ["a base class with the end of its module", "exceptions.RequestException"],
  ["the class of all of Python's", PythonError],
])("an exception in Python is tried again by %s", async (_, name) => {
  expect(await verdict(retry({ on: [name as string] }), timeout)).toMatchObject({ kind: "retry" });
});

test.each(["timeout", "imeout", "exceptions", "ConnectionError", "builtins.Timeout"])(
  "an exception that is no %s is not tried again by that name",
  async (name) => {
    expect(await verdict(retry({ on: [name] }), timeout)).toEqual({ kind: "halt" });
  },
);

test("an error is tried again by its class or one that it is derived from, and not by its name", async () => {
  expect(await verdict(retry({ on: [RangeError] }))).toMatchObject({ kind: "retry" });
  expect(await verdict(retry({ on: [Error] }))).toMatchObject({ kind: "retry" });
  expect(await verdict(retry({ on: [TypeError] }))).toEqual({ kind: "halt" });
  expect(await verdict(retry({ on: ["RangeError"] }))).toEqual({ kind: "halt" });
});

const waits = fc.record({
  backoff: fc.integer({ min: 1, max: 100_000 }),
  maxBackoff: fc.integer({ min: 1, max: 1_000_000 }),
  attempts: fc.integer({ min: 1, max: 60 }),
});

test("without jitter, a wait is the backoff, doubled with each try, and never longer than the longest", async () => {
  await fc.assert(
    fc.asyncProperty(waits, async ({ backoff, maxBackoff, attempts }) => {
      const policy = retry({ attempts: 100, backoff, maxBackoff, jitter: false });
      const afterMs = Math.min(backoff * 2 ** (attempts - 1), maxBackoff);
      expect(await verdict(policy, died, attempts)).toEqual({ kind: "retry", afterMs });
    }),
  );
});

test("with jitter, a wait is between half of that and all of it", async () => {
  await fc.assert(
    fc.asyncProperty(waits, async ({ backoff, maxBackoff, attempts }) => {
      const policy = retry({ attempts: 100, backoff, maxBackoff });
      const whole = Math.min(backoff * 2 ** (attempts - 1), maxBackoff);
      const { afterMs } = (await verdict(policy, died, attempts)) as { afterMs: number };
      expect(afterMs).toBeGreaterThanOrEqual(Math.floor(whole / 2));
      expect(afterMs).toBeLessThanOrEqual(whole);
    }),
  );
});

test("where records cannot be given again, nothing is retried", async () => {
  const policy = retry({ attempts: 5, on: [Error], then: "reject" });
  for (const error of [broken, timeout, died])
    expect(await verdict(policy, error, 1, false)).toEqual({ kind: "reject" });
});

test.each<[string, ReturnType<Extract<ErrorPolicy, (...args: never[]) => unknown>>, Verdict]>([
  ["halt", "halt", { kind: "halt" }],
  ["reject", "reject", { kind: "reject" }],
  ["retry, at once", "retry", { kind: "retry", afterMs: 0 }],
  ["routeTo()", routeTo("late"), { kind: "routeTo", route: "late" }],
  ["a promise", Promise.resolve("reject"), { kind: "reject" }],
])("a function may decide on %s", async (_, decision, expected) => {
  expect(await verdict(() => decision)).toEqual(expected);
});

test("a function is given the error, the item or the items, and how often they were tried", async () => {
  const seen: unknown[] = [];
  const policy: ErrorPolicy = (...args) => {
    seen.push(args);
    return "reject";
  };
  const [first, second] = [item(1), item(2)];
  const judge = judgeOf(policy, "predict", true);
  await judge({ error: broken, records: [first, second], attempts: 1 });
  await judge({ error: broken, records: [second], attempts: 4 });
  expect(seen).toEqual([
    [broken, [first, second], 1],
    [broken, second, 4],
  ]);
});

test.each([
  ["nothing", undefined, "`undefined`"],
  ["another word", "ignore", '`"ignore"` (string)'],
  ["another policy", retry(), "an object (Retry)"],
])("a function that decides on %s is refused, with what it may", async (_, decision, got) => {
  const judging = verdict((() => decision) as never);
  await expect(judging).rejects.toBeInstanceOf(OptionsError);
  await expect(judging).rejects.toThrow(
    `onError("predict"): expected the function to return "halt", "reject", "retry", or routeTo(name), got ${got}`,
  );
});

test("a function of a stage that is not repeated may not decide to retry", async () => {
  await expect(verdict(() => "retry", broken, 1, false)).rejects.toThrow(
    'expected the function to return "halt", "reject", or routeTo(name), got `"retry"`',
  );
});
