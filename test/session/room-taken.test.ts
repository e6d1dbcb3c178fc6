import { EngineFullError, ForkRefusedError, pipe } from "slither-ts";
import { describe, expect, test } from "vitest";
import { kill } from "../helpers/crash.js";
import { testEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

describe("the fresh process of a session that is recycled", () => {
  test("is made also where every process is a session's", async () => {
    const engine = await testEngine({ maxProcesses: 1 });
    const session = await engine.session({
      checkpoint: "manual",
      limits: { recycle: { calls: 1 } },
      setup: () => {},
    });
    const { pid } = session;
    const recycled = nextEvent(engine, "session-recycle");

    await session.call("echo", "echo", [], { idempotent: true });

    expect((await recycled).pid).not.toBe(pid);
  });

  test("takes room of maxProcesses from others until the old one is gone", async () => {
    const engine = await testEngine({ maxProcesses: 2 });
    const gate = makeGate();
    let times = 0;
    let enter = (): void => {};
    const making = new Promise<void>((resolve) => {
      enter = resolve;
    });
    const session = await engine.session({
      checkpoint: "manual",
      limits: { recycle: { calls: 1 } },
      setup: async (session) => {
        times += 1;
        if (times !== 2) return;
        enter();
        await session.call("gate", "wait", [gate.path]);
      },
    });
    await session.call("echo", "echo", [], { idempotent: true });
    await making;

    const error = await rejection(engine.session({ queueTimeout: "20ms" }), EngineFullError);
    const waiting = engine.session();
    await gate.open();

    expect(error).toMatchObject({ option: "maxProcesses", limit: 2 });
    expect((await waiting).state).toBe("ready");
  });

  test("gives its room back when it cannot be made", async () => {
    const engine = await testEngine({ maxProcesses: 2 });
    let times = 0;
    const session = await engine.session({
      checkpoint: "manual",
      limits: { recycle: { calls: 1 } },
      setup: () => {
        times += 1;
        if (times > 1) throw new TypeError("no second time");
      },
    });
    const skip = nextEvent(engine, "session-recycle-skip");
    await session.call("echo", "echo", [], { idempotent: true });
    await skip;

    expect((await engine.session({ queueTimeout: "20ms" })).state).toBe("ready");
  });
});

test("where no process can be copied, who asks for a copy is told so at once, and does not wait for room", async () => {
  const engine = await testEngine({ forkserver: false, maxProcesses: 1, maxSessions: 1 });
  const session = await engine.session({ queueTimeout: "1ms" });
  const doubling = pipe<number>("p").python<number>("double", { module: "batch_fate", function: "double" });
  const reason = "local() was given forkserver: false";

  const refused = [
    session.checkpoint(),
    session.fork({ queueTimeout: "1ms" }),
    session.fork({ count: 2, queueTimeout: "1ms" }),
    session.replicas(2, new AbortController().signal),
  ];

  for (const refusal of refused) expect((await rejection(refusal, ForkRefusedError)).reason).toBe(reason);
  await expect(doubling.run([1], { session, replicas: 2 }).collect()).rejects.toMatchObject({
    cause: { reason },
  });
  expect([...engine.sessions.keys()]).toEqual([session.id]);
});

test("the handle that a setup is given when it runs again has the pid of the process that it sets up", async () => {
  const engine = await testEngine();
  const gate = makeGate();
  const pids: unknown[] = [];
  const session = await engine.session({
    checkpoint: "manual",
    setup: async (session) => {
      pids.push([session.pid, await session.call("process", "pid")]);
      if (pids.length === 2) await session.call("gate", "wait", [gate.path]);
    },
  });
  const [old] = pids[0] as [number];

  kill(session);
  await gate.open();
  const pid = await session.call("process", "pid", [], { idempotent: true });

  expect(pids).toEqual([
    [old, old],
    [pid, pid],
  ]);
  expect(session.pid).toBe(pid);
});
