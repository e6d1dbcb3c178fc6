import {
  BatchResultError,
  CallTimeoutError,
  OptionsError,
  PythonError,
  pipe,
  WorkerDiedError,
} from "slither-ts";
import {
  crash,
  type Fault,
  type FaultFunction,
  type FaultRequest,
  hang,
  inline,
  raise,
  recordEvents,
  shortResult,
} from "slither-ts/testing";
import { expect, onTestFinished, test } from "vitest";
import { rejection, thrown } from "../helpers/rejection.js";
import { haltOf } from "../pipe/runs.js";

const modules = {
  model: {
    prepare: () => null,
    double: (numbers: number[]) => numbers.map((each) => 2 * each),
    answer: () => 42,
  },
};

function faultyEngine(faults: FaultFunction): ReturnType<typeof inline> {
  const engine = inline({ modules, faults });
  onTestFinished(() => engine.close({ timeout: 1 }));
  return engine;
}

const doubled = pipe<number>("doubled").python<number>("double", {
  module: "model",
  function: "double",
  batch: { size: 2 },
});

test("faults are asked about each call and batch, counted for each session", async () => {
  const asked: FaultRequest[] = [];
  const engine = faultyEngine((request) => {
    asked.push(request);
    return undefined;
  });
  const session = await engine.session({ id: "a", setup: (each) => each.call("model", "prepare") });
  const other = await engine.session({ id: "b" });

  await doubled.run([1, 2, 3], { session }).collect();
  await other.call("model", "answer");

  expect(asked).toEqual([
    { session: "a", module: "model", function: "prepare", attempt: 1, payloads: undefined },
    { session: "a", module: "model", function: "double", attempt: 2, payloads: [1, 2] },
    { session: "a", module: "model", function: "double", attempt: 3, payloads: [3] },
    { session: "b", module: "model", function: "answer", attempt: 1, payloads: undefined },
  ]);
});

test.each([
  { how: { signal: "SIGSEGV" } as const, signal: "SIGSEGV", exitCode: null, said: "was killed by SIGSEGV" },
  { how: { exitCode: 3 }, signal: null, exitCode: 3, said: "exited with code 3" },
])("crash() ends the worker as a process ends: $said", async ({ how, signal, exitCode, said }) => {
  const engine = faultyEngine(({ attempt }) => (attempt === 2 ? crash(how) : undefined));
  const recorder = recordEvents(engine);
  const session = await engine.session({ id: "a", setup: (each) => each.call("model", "prepare") });

  const error = await rejection(session.call("model", "answer"), WorkerDiedError);

  expect(error).toMatchObject({ signal, exitCode, during: "model.answer" });
  expect(error.message).toContain(said);
  expect(await session.call("model", "answer")).toBe(42);
  expect(recorder.of("session-recovery")).toMatchObject([{ from: "setup", error }]);
});

test("a batch whose worker crashes once is sent again", async () => {
  const engine = faultyEngine(({ attempt }) => (attempt === 1 ? crash({ signal: "SIGKILL" }) : undefined));
  const session = await engine.session({ setup: () => {} });

  const { outputs } = await doubled.run([1, 2, 3], { session }).collect();

  expect(outputs.default.map((item) => item.payload)).toEqual([2, 4, 6]);
});

test("hang() is ended by a deadline, which kills the worker", async () => {
  const engine = faultyEngine(({ attempt }) => (attempt === 1 ? hang() : undefined));
  const session = await engine.session({ setup: () => {}, limits: { cancelGrace: "20ms" } });

  const error = await rejection(session.call("model", "answer", [], { timeout: "20ms" }), CallTimeoutError);

  expect(error.fate).toBe("killed");
  expect(await session.call("model", "answer")).toBe(42);
});

test("raise() fails as Python's exceptions do", async () => {
  const engine = faultyEngine(({ attempt }) =>
    attempt === 1 ? raise("ValueError", "too old") : raise("requests.exceptions.Timeout", "slow"),
  );
  const session = await engine.session({ id: "a" });

  const error = await rejection(session.call("model", "answer"), PythonError);
  const other = await rejection(session.call("model", "answer"), PythonError);

  expect(error.message).toBe("session a: model.answer raised ValueError: too old");
  expect(error).toMatchObject({ pythonType: "ValueError", pythonModule: "builtins" });
  expect(error.isA("ValueError") && error.isA("Exception")).toBe(true);
  expect(other.isA("requests.exceptions.Timeout")).toBe(true);
});

test("shortResult() takes the last result of a batch", async () => {
  const session = await faultyEngine(() => shortResult()).session();

  const { cause } = await haltOf(doubled.run([1, 2], { session }));

  expect(cause).toBeInstanceOf(BatchResultError);
  expect(cause).toMatchObject({ expected: 2, got: 1 });
});

test("what is no fault, or none for a call, is refused by name", async () => {
  const wrong = await faultyEngine(() => "crash" as unknown as Fault).session();
  const short = await faultyEngine(() => shortResult()).session();

  expect((await rejection(wrong.call("model", "answer"), OptionsError)).message).toBe(
    'inline(): expected `faults` to return crash(), hang(), raise(), shortResult() or undefined, got `"crash"` (string)',
  );
  expect((await rejection(short.call("model", "answer"), OptionsError)).message).toBe(
    "inline(): expected `faults` to return shortResult() for batches with records, got it for the call model.answer",
  );
});

test("faults that cannot be are refused where they are made", () => {
  const nameOfSignal = "SIGNONE" as NodeJS.Signals;
  expect(thrown(() => crash({ signal: nameOfSignal }), OptionsError).message).toMatch(
    /^crash\(\): expected the options to be \{ signal: "SIGKILL" \}, with the name of a signal, or/,
  );
  expect(thrown(() => crash({ exitCode: 256 }), OptionsError).message).toContain("from 0 to 255");
  expect(thrown(() => raise("not a name", "m"), OptionsError).message).toBe(
    'raise(): expected `type` to be the name of a Python exception, such as "ValueError", got `"not a name"` (string)',
  );
  expect(thrown(() => inline({ modules, faults: 1 as unknown as FaultFunction }), OptionsError).message).toBe(
    "inline(): expected `faults` to be a function from a request to a fault, or nothing, got `1` (number)",
  );
});

test("a worker can be sent signals from within, as a process can", async () => {
  const engine = inline({ modules });
  onTestFinished(() => engine.close({ timeout: 1 }));
  const session = await engine.session({ setup: () => {} });

  expect(await session.call("signal", "raise_signal", [0])).toBe(null);
  const error = await rejection(session.call("signal", "raise_signal", [9]), WorkerDiedError);

  expect(error.signal).toBe("SIGKILL");
});
