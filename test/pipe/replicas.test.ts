import { readFileSync } from "node:fs";
import {
  EngineFullError,
  ForkRefusedError,
  OptionsError,
  PipeHaltedError,
  pipe,
  type Session,
  SessionClosedError,
} from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { printed, record } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection, thrown } from "../helpers/rejection.js";
import { inlineSession } from "./inline-session.js";
import { asyncNumbers, numbers, upTo } from "./inputs.js";
import { consume, expectBalance, haltOf, payloadsOf } from "./runs.js";

const engine = sharedEngine({ preload: ["sklearn.linear_model"] });

const calling = (functionName: string, size: number, module = "batch_fate") =>
  pipe<number>("p").python<number>("predict", { module, function: functionName, batch: { size } });

const scoring = pipe<number>("scoring").python<readonly [number, number]>("predict", {
  module: "fated_model",
  function: "predict",
  batch: { size: 20 },
});

function trained(): Promise<Session> {
  return engine().session({ setup: (session) => session.call("fated_model", "train", [42]) });
}

/** The processes of a run's replicas, as Python tells them. */
async function replicaPids(session: Session, replicas: number): Promise<number[]> {
  return [...new Set(await payloadsOf(calling("pids", 1).run(upTo(60), { session, replicas })))];
}

test("so many processes work as replicas are asked for, and the session itself is none of them", async () => {
  const session = await engine().session();
  const pids = await replicaPids(session, 3);
  expect(pids).toHaveLength(3);
  expect(pids).not.toContain(session.pid);
});

test("replicas give what the session gives, in order", async () => {
  const session = await trained();
  const alone = await payloadsOf(scoring.run(upTo(500), { session }));
  expect(await payloadsOf(scoring.run(upTo(500), { session, replicas: 3 }))).toEqual(alone);
});

test("order is kept, though the first batch takes longer than those after it", async () => {
  const session = await engine().session();
  const run = calling("first_is_last", 1).run(upTo(20), { session, replicas: 2 });
  expect(await payloadsOf(run)).toEqual(upTo(20));
});

test("two python stages share the replicas, and keep the order", async () => {
  const session = await engine().session();
  const run = calling("double", 7)
    .python<number>("again", { module: "batch_fate", function: "double", batch: { size: 4 } })
    .run(asyncNumbers({ count: 200 }).input, { session, replicas: 3 });
  expect(await payloadsOf(run)).toEqual(upTo(200).map((n) => n * 4));
});

test("a run with replicas has one ledger, and bad records are rejected alone", async () => {
  const session = await engine().session();
  const run = calling("raise_at_seven", 5).onError("predict", "reject");
  const { outputs, rejected, ledger } = await run.run(upTo(100), { session, replicas: 3 }).collect();
  expect(outputs.default).toHaveLength(99);
  expect(rejected.map(({ id }) => id)).toEqual([7]);
  expectBalance(ledger);
});

test("replicas have the state that the session has when the run starts", async () => {
  const session = await engine().session();
  await session.call("counter", "increment");
  await session.call("counter", "increment");
  const counted = calling("counts", 1, "counter");
  const counts = await payloadsOf(counted.run(upTo(10), { session, replicas: 2 }));
  expect(new Set(counts)).toEqual(new Set([2]));
});

test("what a batch does to a replica's globals stays in it: the session is as it was", async () => {
  const session = await engine().session();
  await payloadsOf(calling("count", 1, "fated_model").run(upTo(10), { session, replicas: 2 }));
  expect(await session.call("fated_model", "scored")).toBe(0);
});

test("each replica has random states of its own", async () => {
  const session = await engine().session();
  const drawn = await payloadsOf(calling("draw", 1).run(upTo(40), { session, replicas: 2 }));
  expect(new Set(drawn).size).toBe(40);
});

test("the session is free for other calls while its replicas work", async () => {
  const session = await engine().session();
  const hanging = printed(engine(), "hanging");
  const controller = new AbortController();
  const run = calling("hang", 1).run(upTo(30), { session, replicas: 2, signal: controller.signal });
  const halting = haltOf(run);
  await hanging;
  expect(await session.call("batch_fate", "double", [[21]])).toEqual([42]);
  controller.abort(new Error("enough"));
  expect(await halting).toMatchObject({ status: "aborted" });
});

test("the replicas are gone when the run has completed", async () => {
  const session = await engine().session();
  const pids = await replicaPids(session, 3);
  expect(pids.filter(isAlive)).toEqual([]);
});

test("the replicas are gone when the loop over the run was left", async () => {
  const session = await engine().session();
  const run = calling("pids", 1).run(numbers().input, { session, replicas: 2 });
  const pids = new Set<number>();
  for await (const { payload } of run) {
    pids.add(payload);
    if (pids.size === 2) break;
  }
  const { status, ledger } = await run.done;
  expect({ status, alive: [...pids].filter(isAlive) }).toEqual({ status: "stopped", alive: [] });
  expectBalance(ledger);
});

test("the replicas are gone when the run was aborted while both work", async () => {
  const session = await engine().session();
  const controller = new AbortController();
  const reason = new Error("enough");
  const run = calling("pids", 1).run(numbers().input, { session, replicas: 2, signal: controller.signal });
  const pids = new Set<number>();
  const consuming = (async () => {
    for await (const { payload } of run) {
      pids.add(payload);
      if (pids.size === 2) controller.abort(reason);
    }
  })();
  await expect(consuming).rejects.toMatchObject({ status: "aborted", cause: reason });
  expect([...pids].filter(isAlive)).toEqual([]);
  expectBalance((await run.done).ledger);
});

test("the replicas are gone when the run has halted", async () => {
  const session = await engine().session();
  const run = calling("pid_until_seven", 1).run(upTo(30), { session, replicas: 2 });
  const { items, thrown: halted } = await consume(run);
  expect(halted).toMatchObject({ status: "halted", stage: "predict" });
  expect(items.map(({ payload }) => payload).filter(isAlive)).toEqual([]);
  expectBalance((halted as PipeHaltedError).ledger);
});

test("the replicas give their room back: the next run can have as many", async () => {
  const own = await testEngine({ maxProcesses: 4 });
  const session = await own.session({ checkpoint: "manual", queueTimeout: "50ms" });
  for (let round = 0; round < 3; round++) {
    const run = calling("double", 1).run(upTo(10), { session, replicas: 2 });
    expect(await payloadsOf(run)).toEqual(upTo(10).map((n) => n * 2));
  }
});

test("a run goes on when one of its replicas is killed: every output is what it is without that", async () => {
  const session = await trained();
  const undisturbed = await payloadsOf(scoring.run(upTo(500), { session }));
  const recoveries = record(engine(), "session-recovery");
  const before = new Set(childrenOf(parentOf(session.pid as number)));
  const run = scoring.run(upTo(500), { session, replicas: 2 });
  run.on("batch-start", ({ batch }) => {
    if (batch !== 5) return;
    const fresh = childrenOf(parentOf(session.pid as number)).filter((pid) => !before.has(pid));
    // The younger of its children: the session's checkpoint and the idle fork were there before, the replicas were not.
    for (const pid of fresh) process.kill(pid, "SIGKILL");
  });
  const { items, thrown: halted } = await consume(run);
  expect(halted).toBeUndefined();
  expect(items.map(({ payload }) => payload)).toEqual(undisturbed);
  expect(recoveries.filter(({ event }) => event.session.startsWith(`${session.id}/`)).length).toBeGreaterThan(
    0,
  );
  expectBalance((await run.done).ledger);
});

test("a run on replicas goes on when the session itself is killed", async () => {
  const session = await trained();
  const undisturbed = await payloadsOf(scoring.run(upTo(500), { session }));
  const run = scoring.run(upTo(500), { session, replicas: 2 });
  run.on("batch-start", ({ batch }) => {
    if (batch === 5) process.kill(session.pid as number, "SIGKILL");
  });
  expect(await payloadsOf(run)).toEqual(undisturbed);
});

test("a record that kills every replica it comes to ends the run, and the session goes on", async () => {
  const session = await engine().session();
  const { cause, ledger } = await haltOf(calling("kill", 3).run(upTo(60), { session, replicas: 2 }));
  expect(cause).toMatchObject({ code: "SLITHER_WORKER_DIED", signal: "SIGKILL" });
  expectBalance(ledger);
  expect(await session.call("batch_fate", "double", [[21]])).toEqual([42]);
});

test("without room for all of them there is none: the run halts by name, and takes no record", async () => {
  const own = await testEngine({ maxProcesses: 4 });
  const session = await own.session({ checkpoint: "manual", queueTimeout: "50ms" });
  const watched = numbers();
  const { cause, ledger, stage } = await haltOf(
    calling("double", 5).run(watched.input, { session, replicas: 3 }),
  );
  expect(cause).toBeInstanceOf(EngineFullError);
  expect(cause).toMatchObject({ option: "maxProcesses", limit: 4, wanted: 4 });
  expect({ stage, given: watched.given, in: ledger.in }).toEqual({ stage: undefined, given: 0, in: 0 });
  expect(await session.call("batch_fate", "double", [[21]])).toEqual([42]);
});

test("a session that cannot be copied halts the run by name, and the run takes no record", async () => {
  const session = await engine().session();
  await session.call("starts_thread", "answer");
  const watched = numbers();
  const { cause } = await haltOf(calling("double", 5).run(watched.input, { session, replicas: 2 }));
  expect(cause).toBeInstanceOf(ForkRefusedError);
  expect((cause as Error).message).toContain("left-running");
  expect(watched.given).toBe(0);
  expect(await session.call("batch_fate", "double", [[21]])).toEqual([42]);
});

test("an engine without processes cannot have replicas, and says so", async () => {
  const session = await inlineSession({ same: (payloads: number[]) => payloads });
  const run = calling("same", 2, "model").run(upTo(3), { session, replicas: 2 });
  const { cause } = await haltOf(run);
  expect(cause).toBeInstanceOf(ForkRefusedError);
  expect((cause as Error).message).toContain("inline() has no processes");
});

test("a session that was closed halts the run as such", async () => {
  const session = await engine().session({ id: "closed" });
  await session.close();
  const { cause } = await haltOf(calling("double", 5).run(upTo(3), { session, replicas: 2 }));
  expect(cause).toMatchObject({ code: "SLITHER_SESSION_CLOSED", session: "closed" });
});

test("closing the engine lets the batches that are with replicas finish, and then halts the run as closed", async () => {
  const own = await testEngine();
  const session = await own.session();
  const run = calling("double", 5).run(upTo(100_000), { session, replicas: 2 });
  let closing: Promise<void> | undefined;
  const taken: unknown[] = [];

  const consuming = async (): Promise<void> => {
    for await (const item of run) {
      taken.push(item.payload);
      closing ??= own.close();
    }
  };
  const { cause, ledger } = await rejection(consuming(), PipeHaltedError);

  await closing;
  expect(cause).toBeInstanceOf(SessionClosedError);
  expect(ledger).toMatchObject({ out: taken.length, balanced: true });
});

test("replicas are refused for a pipe with a stateful stage, by its name, when the run is made", async () => {
  const session = await inlineSession({});
  const counting = pipe<number>("p").python<number>("count", {
    module: "fated_model",
    function: "count",
    stateful: true,
  });
  const { message } = thrown(() => counting.run([], { session, replicas: 2 }), OptionsError);
  expect(message).toContain("expected no `replicas`, because stage count is stateful");
});

test.each([0, -1, 1.5, "2", null])("`replicas: %j` is refused", async (replicas) => {
  const session = await inlineSession({});
  const options = { session, replicas: replicas as number };
  const { message } = thrown(() => calling("double", 1).run([], options), OptionsError);
  expect(message).toContain("`replicas`");
});

test("replicas end with their engine", async () => {
  const own = await testEngine();
  const session = await own.session();
  const run = calling("pids", 1).run(numbers().input, { session, replicas: 2 });
  const pids = new Set<number>();
  const consuming = (async () => {
    for await (const { payload } of run) {
      pids.add(payload);
      if (pids.size === 2) void own.close({ timeout: 1 });
    }
  })();
  await rejection(consuming, Error);
  for (const pid of pids) expect(await isGone(pid)).toBe(true);
});

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.split(") ").at(-1)?.split(" ")[1]);
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

test("replicas for a pipe that runs no Python are refused", () => {
  const made = pipe<number>("p").node("clean", (n) => n);
  expect(() => made.run([1], { replicas: 2 })).toThrow(
    "expected no `replicas`, because no stage of the pipe runs Python, got `2`",
  );
});
