import * as slither from "slither-ts";
import { expect, test, vi } from "vitest";

const site = { session: "a", target: "m.f" };
const choice = { path: "/python", source: "SLITHER_PYTHON" };
const ledger: slither.Ledger = { in: 1, out: 0, rejected: 0, unfinished: 1 } as slither.Ledger;
const death = { session: "a", pid: 1, signal: null, exitCode: 1, during: undefined, lastLines: [] };

type ErrorName = {
  [Name in keyof typeof slither]: (typeof slither)[Name] extends abstract new (
    ...args: never[]
  ) => slither.SlitherError
    ? Name
    : never;
}[keyof typeof slither];

/** One of each. The compiler says when one is missing. */
const EXAMPLES: Record<Exclude<ErrorName, "SlitherError">, slither.SlitherError> = {
  AcknowledgeError: new slither.AcknowledgeError(7, "ack", new Error("why")),
  BatchingError: new slither.BatchingError("m"),
  BatchResultError: new slither.BatchResultError(site, { expected: 1, got: 2, type: "list" }),
  CacheError: new slither.CacheError("featurize", "read", new Error("why")),
  CallAbortedError: new slither.CallAbortedError({ ...site, fate: "killed" }, "why"),
  CallTimeoutError: new slither.CallTimeoutError({ ...site, timeoutMs: 1, fate: "killed" }),
  CancelledError: new slither.CancelledError("m", ""),
  DeadLetterError: new slither.DeadLetterError({ file: "/f" }, "p"),
  EngineFullError: new slither.EngineFullError({ option: "maxSessions", limit: 1, wanted: 1, waitedMs: 5 }),
  EnvironmentSetupError: new slither.EnvironmentSetupError("m", { reason: "create-failed", folder: "/f" }),
  ForkRefusedError: new slither.ForkRefusedError("a", "why"),
  MemoryLimitError: new slither.MemoryLimitError(death, { usedBytes: 2, limitBytes: 1 }),
  OptionsError: new slither.OptionsError("local()", ["p"]),
  PoisonedRecordError: new slither.PoisonedRecordError(new Error("died")),
  PlatformError: new slither.PlatformError("win32"),
  ProtocolError: new slither.ProtocolError("m"),
  PythonError: new slither.PythonError(site, { type: "T", module: "m", message: "x", traceback: "" }),
  PythonFunctionError: new slither.PythonFunctionError("m", { target: "m.f", suggestions: [], session: "a" }),
  PythonImportError: new slither.PythonImportError("m", {
    module: "m",
    missing: undefined,
    traceback: "",
    session: "a",
  }),
  PythonNotFoundError: new slither.PythonNotFoundError(choice, {
    reason: "missing",
    detail: "d",
    remedy: "r",
  }),
  PythonPackageMissingError: new slither.PythonPackageMissingError(choice, {
    package: "msgspec",
    detail: "d",
    remedy: "r",
  }),
  PythonVersionError: new slither.PythonVersionError(choice, { expected: "3.10", got: "3.8", remedy: "r" }),
  RecordRejectedError: new slither.RecordRejectedError("m"),
  RefError: new slither.RefError("m", "a"),
  SchemaError: new slither.SchemaError("predict", "input", [{ path: ".n", message: "m" }]),
  SharedArrayError: new slither.SharedArrayError("m"),
  SessionBusyError: new slither.SessionBusyError("a", "m.f"),
  SessionClosedError: new slither.SessionClosedError("a", "closed"),
  SessionLostError: new slither.SessionLostError("a", new Error("why")),
  SessionRolledBackError: new slither.SessionRolledBackError(
    "a",
    { calls: ["m.f"], count: 1, from: "checkpoint" },
    new Error("why"),
  ),
  StoreError: new slither.StoreError("features", "closed", "m"),
  ValueNotSupportedError: new slither.ValueNotSupportedError({
    path: "p",
    typeName: "T",
    direction: "result",
    message: "m",
  }),
  ViewRefusedError: new slither.ViewRefusedError("m", "price"),
  ViewTimeoutError: new slither.ViewTimeoutError("price", 1),
  WorkerDiedError: new slither.WorkerDiedError(death),
  WorkerStartError: new slither.WorkerStartError("a", "why", []),
  LedgerError: new slither.LedgerError(ledger, ["in: 1, out: 0"]),
  PipeHaltedError: new slither.PipeHaltedError({
    pipe: "p",
    status: "halted",
    stage: undefined,
    ledger,
    rejected: [],
    outputs: {},
    cause: "why",
  }),
  RunConsumedError: new slither.RunConsumedError("p"),
  RunUnfinishedError: new slither.RunUnfinishedError("p"),
  TooManyRejectedError: new slither.TooManyRejectedError(7, {
    id: 1,
    stage: "s",
    reason: "why",
    error: "why",
    traceback: undefined,
    attempts: 1,
    payload: 1,
    input: 1,
    meta: {},
  }),
};

const examples = Object.entries(EXAMPLES);

test("every error class of the package has an example here", () => {
  const classes = Object.entries(slither).filter(
    ([name, exported]) =>
      name !== "SlitherError" &&
      (exported as { prototype?: unknown }).prototype instanceof slither.SlitherError,
  );

  expect(classes.map(([name]) => name).sort()).toEqual(Object.keys(EXAMPLES).sort());
});

test.each(examples)("%s is an Error with its own name, and a SlitherError", (name, error) => {
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe(name);
  expect(String(error)).toBe(`${name}: ${error.message}`);
  expect(slither.SlitherError.is(error)).toBe(true);
});

test("no two classes share a code, and every code starts with SLITHER_", () => {
  const codes = examples.map(([, error]) => error.code);

  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.filter((code) => !/^SLITHER_[A-Z_]+$/.test(code))).toEqual([]);
});

test("codes stay what they are: programs compare with them", () => {
  const codes = Object.fromEntries(examples.map(([name, { code }]) => [name, code]));

  expect(codes).toEqual({
    AcknowledgeError: "SLITHER_ACKNOWLEDGE",
    BatchingError: "SLITHER_BATCHING",
    BatchResultError: "SLITHER_BATCH_RESULT",
    CacheError: "SLITHER_CACHE",
    CallAbortedError: "SLITHER_CALL_ABORTED",
    CallTimeoutError: "SLITHER_CALL_TIMEOUT",
    CancelledError: "SLITHER_CANCELLED",
    DeadLetterError: "SLITHER_DEAD_LETTER",
    EngineFullError: "SLITHER_ENGINE_FULL",
    PoisonedRecordError: "SLITHER_POISONED_RECORD",
    RecordRejectedError: "SLITHER_RECORD_REJECTED",
    ForkRefusedError: "SLITHER_FORK_REFUSED",
    MemoryLimitError: "SLITHER_MEMORY_LIMIT",
    SchemaError: "SLITHER_SCHEMA",
    SessionBusyError: "SLITHER_SESSION_BUSY",
    SessionRolledBackError: "SLITHER_SESSION_ROLLED_BACK",
    EnvironmentSetupError: "SLITHER_ENVIRONMENT_SETUP",
    LedgerError: "SLITHER_LEDGER",
    OptionsError: "SLITHER_OPTIONS",
    PipeHaltedError: "SLITHER_PIPE_HALTED",
    PlatformError: "SLITHER_PLATFORM",
    ProtocolError: "SLITHER_PROTOCOL",
    PythonError: "SLITHER_PYTHON",
    PythonFunctionError: "SLITHER_PYTHON_FUNCTION",
    PythonImportError: "SLITHER_PYTHON_IMPORT",
    PythonNotFoundError: "SLITHER_PYTHON_NOT_FOUND",
    PythonPackageMissingError: "SLITHER_PYTHON_PACKAGE_MISSING",
    PythonVersionError: "SLITHER_PYTHON_VERSION",
    RefError: "SLITHER_REF",
    RunConsumedError: "SLITHER_RUN_CONSUMED",
    RunUnfinishedError: "SLITHER_RUN_UNFINISHED",
    SharedArrayError: "SLITHER_SHARED_ARRAY",
    StoreError: "SLITHER_STORE",
    SessionClosedError: "SLITHER_SESSION_CLOSED",
    SessionLostError: "SLITHER_SESSION_LOST",
    TooManyRejectedError: "SLITHER_TOO_MANY_REJECTED",
    ValueNotSupportedError: "SLITHER_VALUE_NOT_SUPPORTED",
    ViewRefusedError: "SLITHER_VIEW_REFUSED",
    ViewTimeoutError: "SLITHER_VIEW_TIMEOUT",
    WorkerDiedError: "SLITHER_WORKER_DIED",
    WorkerStartError: "SLITHER_WORKER_START",
  });
});

test("SlitherError.is() knows errors of another copy of the package", async () => {
  vi.resetModules();
  const copy = await import("slither-ts");
  const foreign = new copy.RefError("m", "a");

  expect(foreign).not.toBeInstanceOf(slither.SlitherError);
  expect(slither.SlitherError.is(foreign)).toBe(true);
  expect(copy.SlitherError.is(EXAMPLES.RefError)).toBe(true);
});

test.each([
  ["another error", new Error("x")],
  ["an object with a code", { code: "SLITHER_REF", message: "x" }],
  ["nothing", undefined],
])("SlitherError.is() is not true of %s", (_, value) => {
  expect(slither.SlitherError.is(value)).toBe(false);
});

test("a worker's death is told by its code when it has left, and by the signal when it was killed", () => {
  expect(new slither.WorkerDiedError(death).message).toBe(
    "session a: worker 1 exited with code 1 while it was idle",
  );
  const killed = {
    ...death,
    signal: "SIGTERM",
    exitCode: null,
    during: "m.f",
    lastLines: ["one", "two"],
  } as const;
  expect(new slither.WorkerDiedError(killed).message).toBe(
    "session a: worker 1 was killed by SIGTERM during m.f; it last wrote:\n  one\n  two",
  );
});
