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
    half: (number: number) => number / 2,
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

test("a crash in a later one of fused functions names that function", async () => {
  const engine = faultyEngine((request) =>
    request.function === "half" ? crash({ signal: "SIGKILL" }) : undefined,
  );
  const session = await engine.session();
  const halved = doubled.python("halve", { module: "model", function: "half", each: true });

  const { cause } = await haltOf(halved.run([1], { session }));

  expect(cause).toMatchObject({ during: "model.half" });
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

const halved = pipe<number>("halved").python<number>("half", {
  module: "model",
  function: "half",
  batch: { size: 3 },
  each: true,
});

test("a function of one record meets its faults record by record", async () => {
  const asked: unknown[] = [];
  const engine = faultyEngine(({ attempt, payloads }) => {
    asked.push([attempt, payloads]);
    if (payloads?.[0] === 4) return raise("ValueError", "too old");
    return payloads?.[0] === 8 ? raise("slither_worker.Rejected", "too late") : undefined;
  });
  const session = await engine.session({ id: "a" });

  const { outputs, rejected } = await halved
    .onError("half", "reject")
    .run([2, 4, 6, 8], { session })
    .collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 3]);
  expect(rejected.map(({ id, attempts, error }) => [id, attempts, (error as Error).message])).toEqual([
    [1, 1, "session a: stage half: model.half raised ValueError: too old"],
    [3, 1, "too late"],
  ]);
  expect(asked).toEqual([
    [1, [2]],
    [2, [4]],
    [3, [6]],
    [4, [8]],
  ]);
});

test.each(["MemoryError", "KeyboardInterrupt", "SystemExit"])(
  "raise() of a %s fails the whole batch, as it says nothing about one record",
  async (type) => {
    const asked: unknown[] = [];
    const engine = faultyEngine(({ payloads }) => {
      asked.push(payloads?.[0]);
      return payloads?.[0] === 4 ? raise(type, "enough") : undefined;
    });

    const { cause, ledger } = await haltOf(
      halved.run([2, 4, 6], { session: await engine.session({ id: "a" }) }),
    );

    expect(cause).toMatchObject({ pythonType: type });
    expect(asked).toEqual([2, 4]);
    expect(ledger.out).toBe(0);
  },
);

test("a worker that crashes at one record of a batch has not come to those behind it", async () => {
  const asked: unknown[] = [];
  const engine = faultyEngine(({ attempt, payloads }) => {
    asked.push(payloads?.[0]);
    return attempt === 2 ? crash({ signal: "SIGKILL" }) : undefined;
  });
  const session = await engine.session({ setup: () => {} });

  const { outputs } = await halved.run([2, 4, 6], { session }).collect();

  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 2, 3]);
  expect(asked).toEqual([2, 4, 2, 4, 6]);
});

test("a record that hangs is ended by the deadline of its batch, and no more of it is worked on", async () => {
  const asked: unknown[] = [];
  const engine = faultyEngine(({ payloads }) => {
    asked.push(payloads?.[0]);
    return payloads?.[0] === 4 ? hang() : undefined;
  });
  const session = await engine.session({ setup: () => {}, limits: { cancelGrace: "20ms" } });
  const hasty = pipe<number>("halved").python<number>("half", {
    module: "model",
    function: "half",
    each: true,
    timeout: "20ms",
  });

  const { cause } = await haltOf(hasty.run([2, 4, 6], { session }));

  expect(cause).toBeInstanceOf(CallTimeoutError);
  expect(asked).toEqual([2, 4]);
});

test("shortResult() is refused for a function of one record, whose results are always complete", async () => {
  const session = await faultyEngine(() => shortResult()).session();

  const { cause } = await haltOf(halved.run([2], { session }));

  expect((cause as Error).message).toBe(
    "inline(): expected `faults` to return shortResult() for batches with records, got it for one payload of model.half",
  );
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
