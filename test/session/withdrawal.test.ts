import { CallAbortedError, type EngineEvents, pipe, type Session } from "slither-ts";
import { describe, expect, test, vi } from "vitest";
import { quiet } from "../dispatch/deferred.js";
import { batchRequest } from "../helpers/batch-request.js";
import { recovered } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { printed, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";
import { type ScriptedWorker, scriptedEngine } from "../pipe/scripted-engine.js";

const engine = sharedEngine();

const DEADLINE_MS = 250;

type Fields = { timeoutMs?: number; changesState?: boolean; depth?: number; abort?: AbortSignal };

/** A batch of the run "run", and what says that nobody waits for it any more. */
function batch(
  session: Session,
  payload: number,
  fields: Fields = {},
): { withdraw: () => void; end: Promise<unknown> } {
  const withdrawal = new AbortController();
  const request = batchRequest([payload]);
  const options = { owner: "run", attempts: 3, changesState: false, timeoutFrom: "running" as const };
  const end = session.execute(
    request,
    { target: "model.predict" },
    { ...options, ...fields, withdraw: withdrawal.signal },
  );
  end.catch(() => {});
  return { withdraw: () => withdrawal.abort("left"), end };
}

async function cancelled(worker: ScriptedWorker | undefined, index: number, times: number): Promise<void> {
  await vi.waitFor(() => expect(worker?.sent[index]?.cancels).toBeGreaterThanOrEqual(times), {
    timeout: 10_000,
  });
}

function answer(worker: ScriptedWorker | undefined, index: number): void {
  worker?.sent[index]?.reply.resolve({ value: "answer", computeNanoseconds: 0 });
}

describe("a run that is left while a batch runs frees its session", () => {
  const running = (module: string, functionName: string) =>
    pipe<number>("p").python<number>("predict", { module, function: functionName, batch: { size: 1 } });

  async function leave(session: Session, module: string, functionName: string, line: string): Promise<void> {
    const hanging = printed(engine(), line);
    for await (const _ of running(module, functionName).run([1, 7, 7], { session })) {
      await hanging;
      break;
    }
  }

  test("by stopping the code, for which nothing is killed", async () => {
    const session = await engine().session({ limits: { cancelGrace: "1h" } });
    const { pid } = session;

    await leave(session, "batch_fate", "hang", "hanging");

    expect(await session.call("process", "pid")).toBe(pid);
  });

  test("by killing code that does not listen after half a second, however long calls may take to stop", async () => {
    const session = await engine().session({ limits: { cancelGrace: "1h" } });
    await session.call("memory", "put", ["model", "trained"]);

    await leave(session, "batch_fate", "hang_on", "hanging on");

    expect(await session.call("memory", "get", ["model"])).toBe("trained");
  });

  test("also when the run is aborted", async () => {
    const session = await engine().session({ limits: { cancelGrace: "1h" } });
    await session.call("memory", "put", ["model", "trained"]);
    const aborting = new AbortController();
    const hanging = printed(engine(), "hanging on").then(() => aborting.abort(new Error("enough")));

    const run = running("batch_fate", "hang_on").run([1, 7, 7], { session, signal: aborting.signal });
    await expect(run.collect()).rejects.toThrow("enough");
    await hanging;

    expect(await session.call("memory", "get", ["model"])).toBe("trained");
  });

  test.each([
    ["swallows what it is told", "left", "swallow", "swallowing"],
    ["does not listen", "batch_fate", "hang_on", "hanging on"],
  ])(
    "by killing code that %s; nothing is lost by that, and nothing told as lost",
    async (_, module, functionName, line) => {
      const session = await engine().session({ limits: { cancelGrace: "50ms" } });
      await session.call("memory", "put", ["model", "trained"]);
      const { pid } = session;
      const back = recovered(engine(), session);

      await leave(session, module, functionName, line);

      expect(await session.call("memory", "get", ["model"])).toBe("trained");
      expect(session.pid).not.toBe(pid);
      const { lostCount, error, from } = await back;
      expect({ lostCount, from }).toEqual({ lostCount: 0, from: "checkpoint" });
      expect(error).toBeInstanceOf(CallAbortedError);
      expect(error).toMatchObject({ fate: "killed" });
    },
  );

  test("but for a batch of a stateful stage, which is left to finish", async () => {
    const session = await engine().session({ limits: { cancelGrace: "1ms" } });
    const gate = makeGate();
    const adding = printed(engine(), "adding");
    const stateful = pipe<number | string>("p").python<number>("add", {
      module: "left",
      function: "add",
      batch: { size: 1 },
      stateful: true,
    });
    const { pid } = session;

    for await (const _ of stateful.run([1, gate.path], { session })) {
      await adding;
      break;
    }
    const total = session.call("left", "sum_up");
    await gate.open();

    expect(await total).toBe(101);
    expect(session.pid).toBe(pid);
  });
});

describe("a batch that nobody waits for any more", () => {
  test("fails at once, whatever becomes of it", async () => {
    const { engine } = scriptedEngine();
    const session = await engine.session({ id: "a" });
    const { withdraw, end } = batch(session, 1);

    withdraw();

    const error = await rejection(end, CallAbortedError);
    expect(error.message).toBe(
      "session a: model.predict was aborted; its result is dropped; the session goes on",
    );
    expect(error).toMatchObject({ fate: "dropped", cause: "left" });
  });

  test("never runs when it waits for its turn", async () => {
    const { engine, workers } = scriptedEngine();
    const session = await engine.session();
    const call = session.call("model", "train");
    const { withdraw, end } = batch(session, 1);

    withdraw();

    expect((await rejection(end, CallAbortedError)).fate).toBe("never ran");
    answer(workers[0], 0);
    expect(await call).toBe("answer");
    expect(workers[0]?.sent).toHaveLength(1);
  });

  test("is asked to stop again and again", async () => {
    const { engine, workers } = scriptedEngine();
    const session = await engine.session();
    const { withdraw } = batch(session, 1);

    withdraw();

    await cancelled(workers[0], 0, 3);
  });

  test("does no harm when its answer comes just then", async () => {
    const { engine, workers } = scriptedEngine({ forks: true });
    const session = await engine.session();
    await session.checkpoint();
    const { withdraw } = batch(session, 1);
    const call = session.call("model", "ping");

    withdraw();
    answer(workers[0], 0);
    await quiet();
    answer(workers[0], 1);

    expect(await call).toBe("answer");
    expect(workers[0]).toMatchObject({ killed: false, sent: [{ cancels: 1 }, { cancels: 0 }] });
  });

  test("is killed with its worker where the session has a checkpoint, and what waits runs on the next", async () => {
    const { engine, workers } = scriptedEngine({ forks: true });
    const session = await engine.session();
    await session.checkpoint();
    const back = record(engine, "session-recovery");
    const [first, second] = [batch(session, 1, { depth: 2 }), batch(session, 2, { depth: 2 })];
    const call = session.call("model", "ping");

    first.withdraw();
    second.withdraw();

    await vi.waitFor(() => expect(workers[2]?.sent).toHaveLength(1), { timeout: 10_000 });
    answer(workers[2], 0);
    expect(await call).toBe("answer");
    expect(workers[0]).toMatchObject({ killed: true, sent: [{}, {}] });
    expect(back.map(({ event }) => event.lostCount)).toEqual([0]);
  });

  test("is not killed where the session has no checkpoint: it is waited for", async () => {
    const { engine, workers } = scriptedEngine({ forks: true });
    const session = await engine.session({ checkpoint: "manual", setup: () => {} });
    const { withdraw } = batch(session, 1);
    const call = session.call("model", "ping");

    withdraw();
    await cancelled(workers[0], 0, 3);

    expect(workers[0]?.killed).toBe(false);
    answer(workers[0], 0);
    await quiet();
    answer(workers[0], 1);
    expect(await call).toBe("answer");
  });

  test("is not killed where a call has changed the state since the checkpoint, which would be lost", async () => {
    const { engine, workers } = scriptedEngine({ forks: true });
    const session = await engine.session({ checkpoint: "manual" });
    await session.checkpoint();
    const train = session.call("model", "train");
    answer(workers[0], 0);
    await train;
    const { withdraw } = batch(session, 1);

    withdraw();
    await cancelled(workers[0], 1, 3);

    expect(workers[0]?.killed).toBe(false);
  });

  test("is killed at its deadline even so", async () => {
    const { engine, workers } = scriptedEngine();
    const session = await engine.session();
    const began = performance.now();
    const { withdraw } = batch(session, 1, { timeoutMs: DEADLINE_MS });

    withdraw();
    await workers[0]?.ended;

    expect(workers[0]?.killed).toBe(true);
    expect(performance.now() - began).toBeGreaterThan(DEADLINE_MS / 2);
  });

  test("is not killed before the worker has come to it: what runs before it may change the state", async () => {
    const { engine, workers } = scriptedEngine({ forks: true });
    const session = await engine.session();
    await session.checkpoint();
    const stateful = batch(session, 1, { depth: 2, changesState: true });
    const behind = batch(session, 2, { depth: 2 });

    stateful.withdraw();
    behind.withdraw();
    await cancelled(workers[0], 1, 3);

    expect(workers[0]).toMatchObject({ killed: false, sent: [{ cancels: 0 }, {}] });
    answer(workers[0], 0);
    await cancelled(workers[0], 1, 5);
    // By now the answer of the stateful one would be lost.
    expect(workers[0]?.killed).toBe(false);
  });

  test("does not keep its session from closing", async () => {
    const { engine, workers } = scriptedEngine({ forks: true });
    const session = await engine.session({ limits: { cancelGrace: "20ms" } });
    await session.checkpoint();
    const recoveries: EngineEvents["session-recovery"][] = [];
    engine.on("session-recovery", (event) => recoveries.push(event));
    const { withdraw } = batch(session, 1);

    withdraw();
    await session.close();

    expect(session.state).toBe("closed");
    expect(workers.filter(({ dead }) => !dead)).toEqual([]);
    expect(recoveries).toEqual([]);
  });

  test("is not sent again when its worker dies by itself meanwhile", async () => {
    const { engine, workers } = scriptedEngine({ forks: true });
    const session = await engine.session({ limits: { cancelGrace: "1h" } });
    await session.checkpoint();
    const { withdraw } = batch(session, 1);
    const call = session.call("model", "ping");

    withdraw();
    workers[0]?.die("SIGSEGV");

    await vi.waitFor(() => expect(workers[2]?.sent).toHaveLength(1), { timeout: 10_000 });
    expect(workers[2]?.sent[0]?.site.target).toBe("model.ping");
    answer(workers[2], 0);
    expect(await call).toBe("answer");
  });
});
