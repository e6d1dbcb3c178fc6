import {
  BatchResultError,
  CallTimeoutError,
  type PipeHaltedError,
  PythonFunctionError,
  PythonImportError,
  pipe,
  type Session,
  WorkerDiedError,
} from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine, sharedSession } from "../helpers/engine.js";
import { nextEvent, printed, record } from "../helpers/events.js";
import { isGone } from "../helpers/processes.js";
import { asyncNumbers, numbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";

const engine = sharedEngine();
/** For tests that leave their session as it was. */
const shared = sharedSession();

function calling(functionName: string, size: number, module = "batch_fate") {
  return pipe<number>("p").python<number>("predict", { module, function: functionName, batch: { size } });
}

/** Batches of three that may take no longer than 300 ms. */
function late(functionName: string) {
  return pipe<number>("p").python<number>("predict", {
    module: "batch_fate",
    function: functionName,
    batch: { size: 3 },
    timeout: "300ms",
  });
}

const doubled = (count: number): number[] => upTo(count).map((n) => n * 2);

test("records go through Python in batches and come back in order", async () => {
  expect(await payloadsOf(calling("double", 7).run(upTo(50), { session: shared() }))).toEqual(doubled(50));
});

test("two python stages with different batch sizes keep the order", async () => {
  const run = calling("double", 7)
    .python<number>("again", { module: "batch_fate", function: "double", batch: { size: 4 } })
    .run(asyncNumbers({ count: 50 }).input, { session: shared() });
  expect(await payloadsOf(run)).toEqual(upTo(50).map((n) => n * 4));
});

test.each(["halt", "reject"] as const)(
  "under %s, a module or function that does not exist ends the run at once, by name",
  async (policy) => {
    for (const [module, name, Class, said] of [
      ["no_such_module", "predict", PythonImportError, "there is no Python module no_such_module"],
      ["batch_fate", "duoble", PythonFunctionError, "batch_fate.duoble does not exist, did you mean double?"],
    ] as const) {
      const run = calling(name, 4, module).onError("predict", policy).run(upTo(4), { session: shared() });
      let batches = 0;
      run.on("batch-start", () => {
        batches += 1;
      });
      const { cause, message, ledger } = await haltOf(run);
      expect(cause).toBeInstanceOf(Class);
      expect(message).toContain(said);
      expect({ batches, unfinished: ledger.unfinished, rejected: ledger.rejected }).toEqual({
        batches: 1,
        unfinished: 4,
        rejected: 0,
      });
    }
  },
);

test.each([
  ["fewer", 2, "got 2"],
  ["more", 4, "got 4"],
  ["nothing", undefined, "got a NoneType"],
  ["as_tuple", undefined, "got a tuple"],
  ["as_dict", undefined, "got a dict"],
  ["as_generator", undefined, "got a generator"],
  ["as_array", undefined, "got a numpy.ndarray"],
  ["changed_in_place", 2, "got 2"],
])("a function that gives back %s is refused with stage, function and counts", async (name, got, said) => {
  const { cause } = await haltOf(calling(name, 3, "batch_shapes").run(upTo(3), { session: shared() }));
  expect(cause).toBeInstanceOf(BatchResultError);
  expect(cause).toMatchObject({
    stage: "predict",
    target: `batch_shapes.${name}`,
    session: "shared",
    expected: 3,
    got,
  });
  expect((cause as Error).message).toContain(
    `stage predict: batch_shapes.${name}: expected a list of 3 results, one for each record and in their order, ${said}`,
  );
});

test("a function that leaves one record out has that record alone rejected", async () => {
  const run = calling("drops_two", 4, "batch_shapes")
    .onError("predict", "reject")
    .run(upTo(6), { session: shared() });
  const { outputs, rejected } = await run.collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([0, 1, 3, 4, 5]);
  expect(rejected).toMatchObject([{ id: 2, error: { code: "SLITHER_BATCH_RESULT", expected: 1, got: 0 } }]);
});

test("a function that never gives back a list has every record rejected, and the books balance", async () => {
  const run = calling("as_tuple", 4, "batch_shapes")
    .onError("predict", "reject")
    .run(upTo(6), { session: shared() });
  const { rejected, ledger } = await run.collect();
  expect(rejected.map(({ id }) => id)).toEqual(upTo(6));
  expectBalance(ledger);
});

test("a result that cannot be sent back rejects its record alone, with type and path", async () => {
  const run = calling("cannot_be_sent", 4, "batch_shapes")
    .onError("predict", "reject")
    .run(upTo(4), { session: shared() });
  const { outputs, rejected } = await run.collect();
  expect(outputs.default.map(({ id }) => id)).toEqual([0, 1, 3]);
  expect(rejected).toMatchObject([
    { id: 2, error: { code: "SLITHER_VALUE_NOT_SUPPORTED", direction: "result", typeName: "object" } },
  ]);
  expect(rejected[0]?.reason).toContain("score");
});

test("a payload that cannot be sent rejects its record alone, and the session goes on", async () => {
  const records: unknown[] = [1, { when: new Date(0) }, 3];
  const run = pipe<unknown>("p")
    .python<unknown>("predict", { module: "batch_shapes", function: "same" })
    .onError("predict", "reject")
    .run(records, { session: shared() });
  const { outputs, rejected } = await run.collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual([1, 3]);
  expect(rejected).toMatchObject([{ id: 1, error: { path: "payloads[0].when", typeName: "Date" } }]);
});

test("a function that raises for one record has that record alone rejected, with Python's traceback", async () => {
  const run = calling("raise_at_seven", 5).onError("predict", "reject").run(upTo(12), { session: shared() });
  const { outputs, rejected, ledger } = await run.collect();
  expect(outputs.default.map(({ payload }) => payload)).toEqual(doubled(12).filter((n) => n !== 14));
  expect(rejected).toMatchObject([
    { id: 7, reason: expect.stringContaining("raised ValueError: 7 is out of range") },
  ]);
  expect(rejected[0]?.traceback).toMatch(
    /^Traceback[\s\S]*batch_fate\.py[\s\S]*ValueError: 7 is out of range\n$/,
  );
  expectBalance(ledger);
});

test("a worker that is killed by a batch, without anything to go back to, ends the run by session, process, signal and function", async () => {
  const session = await engine().session({ id: "killed", checkpoint: "manual" });
  const { pid } = session;
  const { items, thrown } = await consume(
    calling("kill", 3).onError("*", "reject").run(upTo(30), { session }),
  );
  expect(items.map(({ payload }) => payload)).toEqual(doubled(6));
  expect(thrown).toMatchObject({ status: "halted", stage: "predict", ledger: { out: 6, rejected: 0 } });
  const { message, cause, ledger } = thrown as Error & { ledger: Parameters<typeof expectBalance>[0] };
  expect(message).toContain(`session killed: worker ${pid} was killed by SIGKILL during batch_fate.kill`);
  expect(cause).toBeInstanceOf(WorkerDiedError);
  expect(cause).toMatchObject({ pid, signal: "SIGKILL", lastLines: ["about to be killed"] });
  expect(ledger.unfinished).toBeGreaterThanOrEqual(3);
  expectBalance(ledger);
  expect(session.state).toBe("lost");
});

test("under halt, a batch that each time kills its worker is sent three times, then ends the run; the session goes on", async () => {
  const session = await engine().session();
  const tries = record(engine(), "session-log");
  const { items, thrown } = await consume(calling("kill", 3).run(upTo(30), { session }));
  expect(items.map(({ payload }) => payload)).toEqual(doubled(6));
  const { cause, ledger } = thrown as PipeHaltedError;
  expect(cause).toMatchObject({ code: "SLITHER_WORKER_DIED", signal: "SIGKILL", during: "batch_fate.kill" });
  expect(ledger).toMatchObject({ out: 6, rejected: 0 });
  expectBalance(ledger);
  expect(tries.filter(({ event }) => event.session === session.id)).toHaveLength(3);
  expect(await session.call("batch_fate", "double", [[21]])).toEqual([42]);
});

test("in the events, a batch that was sent again is one: it starts once, and fails once", async () => {
  const session = await engine().session();
  const run = calling("kill", 3).run(upTo(30), { session });
  const told: string[] = [];
  for (const name of ["batch-start", "batch-stop", "batch-failure"] as const)
    run.on(name, ({ batch }) => told.push(`${name} ${batch}`));
  await haltOf(run);
  expect(told.filter((each) => each.startsWith("batch-failure"))).toContain("batch-failure 2");
  expect(new Set(told).size).toBe(told.length);
});

test("a worker that leaves in mid-batch ends the run with its exit code", async () => {
  const session = await engine().session();
  const { cause, message, ledger } = await haltOf(calling("leave", 3).run(upTo(30), { session }));
  expect(cause).toMatchObject({ code: "SLITHER_WORKER_DIED", exitCode: 3, signal: null });
  expect(message).toContain("exited with code 3 during batch_fate.leave");
  expectBalance(ledger);
});

const stages = [
  { first: "kill", second: "double", atFault: "first" },
  { first: "double", second: "kill", atFault: "second" },
] as const;

test.each(stages)(
  "a worker that is killed by $atFault of two python stages: the run names that stage",
  async ({ first, second, atFault }) => {
    const session = await engine().session();
    // The first stage doubles what it is given, and the second must be given a seven too.
    const run = pipe<number>("p")
      .python<number>("first", { module: "batch_fate", function: first, batch: { size: 1 } })
      .node("halve", (n) => n / 2)
      .python<number>("second", { module: "batch_fate", function: second, batch: { size: 2 } })
      .run(upTo(30), { session });
    const { stage, message, ledger } = await haltOf(run);
    expect(message).toContain("during batch_fate.kill");
    expectBalance(ledger);
    expect(stage).toBe(atFault);
  },
);

test("a batch that takes too long is told as the cause, also when a later stage's batch dies with it", async () => {
  const session = await engine().session();
  const run = pipe<number>("p")
    .python<number>("first", { module: "batch_fate", function: "hang", batch: { size: 1 }, timeout: "300ms" })
    .python<number>("second", { module: "batch_fate", function: "double", batch: { size: 1 }, fuse: false })
    .run(upTo(30), { session });
  const { stage, cause, ledger } = await haltOf(run);
  expect(cause).toBeInstanceOf(CallTimeoutError);
  expect(stage).toBe("first");
  expectBalance(ledger);
});

test("under halt, a batch that takes longer than its timeout is stopped and ends the run by name; the session goes on", async () => {
  const session = await engine().session({ id: "late" });
  const { pid } = session;
  const { items, thrown } = await consume(late("hang").run(upTo(30), { session }));
  expect(items.map(({ payload }) => payload)).toEqual(doubled(6));
  expect((thrown as Error).cause).toBeInstanceOf(CallTimeoutError);
  expect((thrown as Error).message).toContain(
    "session late: batch_fate.hang took longer than 300 ms; its code was stopped; the session goes on",
  );
  expectBalance((thrown as PipeHaltedError).ledger);
  expect(await session.call("process", "pid")).toBe(pid);
});

test("under halt, a batch that takes longer than its timeout and does not stop has its worker killed; the session comes back", async () => {
  const session = await engine().session({ id: "stubborn", limits: { cancelGrace: "50ms" } });
  const pid = session.pid as number;
  const { items, thrown } = await consume(late("hang_on").run(upTo(30), { session }));
  expect(items.map(({ payload }) => payload)).toEqual(doubled(6));
  expect((thrown as Error).cause).toBeInstanceOf(CallTimeoutError);
  expect((thrown as Error).message).toContain(
    "session stubborn: batch_fate.hang_on took longer than 300 ms; its worker was killed",
  );
  expectBalance((thrown as PipeHaltedError).ledger);
  expect(await isGone(pid)).toBe(true);
  expect(await session.call("process", "pid")).not.toBe(pid);
});

test("an abort while a batch runs stops its code; the session goes on", async () => {
  const session = await engine().session();
  const { pid } = session;
  const controller = new AbortController();
  const reason = new Error("the client went away");
  const hanging = printed(engine(), "hanging");
  const consuming = consume(calling("hang", 3).run(upTo(30), { session, signal: controller.signal }));
  await hanging;
  controller.abort(reason);
  const { items, thrown } = await consuming;
  expect(items.map(({ payload }) => payload)).toEqual(doubled(6));
  expect(thrown).toMatchObject({ status: "aborted", cause: reason });
  expect(await session.call("process", "pid")).toBe(pid);
});

test("an abort while a batch runs that does not stop kills the worker; the session comes back", async () => {
  const session = await engine().session({ limits: { cancelGrace: "50ms" } });
  const pid = session.pid as number;
  const controller = new AbortController();
  const reason = new Error("the client went away");
  const hanging = printed(engine(), "hanging on");
  const consuming = consume(calling("hang_on", 3).run(upTo(30), { session, signal: controller.signal }));
  await hanging;
  controller.abort(reason);
  const { items, thrown } = await consuming;
  expect(items.map(({ payload }) => payload)).toEqual(doubled(6));
  expect(thrown).toMatchObject({ status: "aborted", cause: reason });
  expect(await isGone(pid)).toBe(true);
  expect(await session.call("process", "pid")).not.toBe(pid);
});

test("an abort while a batch runs that does not stop, without anything to go back to, loses the session", async () => {
  const session = await engine().session({ checkpoint: "manual", limits: { cancelGrace: "50ms" } });
  const controller = new AbortController();
  const hanging = printed(engine(), "hanging on");
  const lost = nextEvent(engine(), "session-failure", (event) => event.session === session.id);
  const halting = haltOf(calling("hang_on", 3).run(upTo(30), { session, signal: controller.signal }));
  await hanging;
  controller.abort(new Error("the client went away"));
  expect(await halting).toMatchObject({ status: "aborted" });
  await lost;
  expect(session.state).toBe("lost");
});

test("a loop that is left while batches are in flight ends at once, and the session answers the next call", async () => {
  const session = await engine().session();
  const watched = numbers();
  const run = calling("double", 50).run(watched.input, { session });
  for await (const { payload } of run) if (payload === 100) break;
  expectBalance((await run.done).ledger);
  expect(watched.returned).toBe(1);
  expect(await session.call("batch_fate", "double", [[21]])).toEqual([42]);
});

test("a loop that is left while a batch hangs does not wait for it", async () => {
  const session = await engine().session();
  const hanging = printed(engine(), "hanging");
  const run = calling("hang", 7).run(upTo(14), { session });
  for await (const _ of run) {
    await hanging;
    break;
  }
  const { status, ledger } = await run.done;
  expect(status).toBe("stopped");
  expectBalance(ledger);
});

test("an input that throws half-way: what came before is scored and given out", async () => {
  const failure = new Error("connection reset");
  const run = calling("double", 4).run(asyncNumbers({ failAt: 10, failure }).input, { session: shared() });
  const { items, thrown } = await consume(run);
  expect(items.map(({ payload }) => payload)).toEqual(doubled(10));
  expect(thrown).toMatchObject({ cause: failure, ledger: { in: 10, out: 10, unfinished: 0 } });
});

test("two runs at once on two sessions compute in two processes", async () => {
  const sessions: Session[] = await Promise.all([engine().session(), engine().session()]);
  const results = sessions.map((session) => payloadsOf(calling("pids", 2).run(upTo(6), { session })));
  expect(await Promise.all(results)).toEqual(sessions.map(({ pid }) => Array(6).fill(pid)));
});

test("two runs at once on one session, and plain calls between them, each get their own", async () => {
  const session = shared();
  const runs = [upTo(40), upTo(40).map((n) => n + 1_000)];
  const results = runs.map((input) => payloadsOf(calling("double", 3).run(input, { session })));
  const calls = upTo(10).map((n) => session.call("batch_fate", "double", [[n]]));
  expect(await Promise.all(results)).toEqual(runs.map((input) => input.map((n) => n * 2)));
  expect(await Promise.all(calls)).toEqual(upTo(10).map((n) => [n * 2]));
});
