import { SessionLostError, SessionRolledBackError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash, kill, recovered } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine({ preload: ["sklearn.linear_model", "sklearn.datasets"] });

test("a model that was trained by a call predicts bit for bit the same after its worker was killed", async () => {
  const session = await engine().session();
  await session.call("classifier", "train");
  const before = await session.call("classifier", "predict", [], { idempotent: true });
  await session.checkpoint();

  await crash(engine(), session);

  expect(await session.call("classifier", "predict")).toEqual(before);
});

test("a session that is back has a process of its own, under its own id", async () => {
  const session = await engine().session({ id: "back" });
  const first = session.pid;
  await session.checkpoint();

  await crash(engine(), session);

  expect(await session.call("process", "pid")).toBe(session.pid);
  expect(session.pid).not.toBe(first);
  expect(await session.call("process", "session")).toBe("back");
  expect(session.state).toBe("ready");
});

test("a session that tells of its return is ready, and takes a call from whoever hears of it", async () => {
  const session = await engine().session();
  await session.call("memory", "put", ["key", 1]);
  await session.checkpoint();
  const heard = new Promise<unknown[]>((resolve) => {
    engine().on("session-recovery", ({ session: id }) => {
      if (id !== session.id) return;
      const { state } = session;
      void session.call("memory", "get", ["key"]).then((value) => resolve([state, value]));
    });
  });

  kill(session);

  expect(await heard).toEqual(["ready", 1]);
});

test("a session can be brought back any number of times, as long as it does something in between", async () => {
  const session = await engine().session();
  await session.call("memory", "put", ["model", "trained"]);
  await session.checkpoint();

  for (let time = 0; time < 5; time++) {
    await crash(engine(), session);
    expect(await session.call("memory", "get", ["model"], { idempotent: true })).toBe("trained");
  }
});

test("calls that are made while a session is on its way back wait for it", async () => {
  const session = await engine().session();
  await session.call("memory", "put", ["key", 1]);
  await session.checkpoint();
  const back = recovered(engine(), session);
  kill(session);

  const calls = [1, 2, 3].map(() => session.call("memory", "get", ["key"], { idempotent: true }));

  expect(await Promise.all(calls)).toEqual([1, 1, 1]);
  await back;
});

describe("what happened after the last checkpoint", () => {
  test("is lost, and told once: the next call names it, and then the session works", async () => {
    const session = await engine().session({ id: "told", checkpoint: "manual" });
    await session.call("memory", "put", ["model", "old"]);
    await session.checkpoint();
    await session.call("memory", "put", ["model", "new"]);
    await session.call("counter", "increment");
    await session.call("counter", "increment", [], { idempotent: true });
    const { error: death } = await crash(engine(), session);

    const error = await rejection(session.call("memory", "get", ["model"]), SessionRolledBackError);

    expect(error).toMatchObject({
      session: "told",
      lostCalls: ["memory.put", "counter.increment"],
      lostCount: 2,
      from: "checkpoint",
      cause: death,
    });
    expect(death).toBeInstanceOf(WorkerDiedError);
    expect(await session.call("memory", "get", ["model"])).toBe("old");
  });

  test("is not told again after the next crash", async () => {
    const session = await engine().session({ checkpoint: "manual" });
    await session.checkpoint();
    await session.call("counter", "increment");
    await crash(engine(), session);
    await rejection(session.call("echo", "echo"), SessionRolledBackError);
    await session.call("counter", "increment", [], { idempotent: true });

    const { lostCount } = await crash(engine(), session);

    expect(lostCount).toBe(0);
  });

  test("is told to whoever copies or keeps the session first", async () => {
    const session = await engine().session({ checkpoint: "manual" });
    await session.checkpoint();
    await session.call("counter", "increment");
    await crash(engine(), session);

    await rejection(session.checkpoint(), SessionRolledBackError);

    await session.checkpoint();
  });

  test("is told to a run that is to have replicas", async () => {
    const session = await engine().session({ checkpoint: "manual" });
    await session.checkpoint();
    await session.call("counter", "increment");
    await crash(engine(), session);
    const { signal } = new AbortController();

    await rejection(session.replicas(1, signal), SessionRolledBackError);

    const replicas = await session.replicas(1, signal);
    await replicas.close();
  });

  test("is told by the event alone where the session accepts it", async () => {
    const session = await engine().session({ checkpoint: "manual", recovery: "accept-rollback" });
    await session.checkpoint();
    await session.call("counter", "increment");

    const event = await crash(engine(), session);

    expect(event).toMatchObject({ lostCalls: ["counter.increment"], lostCount: 1 });
    expect(await session.call("counter", "increment")).toBe(1);
  });
});

test("a crash that has lost nothing is told by the event, and no call sees it", async () => {
  const session = await engine().session({ id: "quiet" });
  const before = session.pid;
  await session.checkpoint();

  const event = await crash(engine(), session);

  expect(event).toEqual({
    session: "quiet",
    pid: session.pid,
    durationMs: expect.any(Number),
    from: "checkpoint",
    lostCalls: [],
    lostCount: 0,
    error: expect.objectContaining({ pid: before, signal: "SIGKILL" }),
  });
  expect(await session.call("echo", "echo", [1])).toBe(1);
});

describe("a session without a checkpoint and without setup", () => {
  test("is lost, with the death as the reason", async () => {
    const session = await engine().session({ checkpoint: "manual" });
    await session.call("counter", "increment");
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    kill(session);

    const { error: death } = await failure;
    expect(death).toBeInstanceOf(WorkerDiedError);
    expect((await rejection(session.call("echo", "echo"), SessionLostError)).cause).toBe(death);
  });
});

test("a session that dies each time it is back is lost in the end, with its last death as the reason", async () => {
  const session = await engine().session();
  await session.checkpoint();
  const events = record(engine(), "session-recovery");
  engine().on("session-recovery", (event) => {
    if (event.session === session.id) kill(session);
  });
  const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

  kill(session);

  const { error } = await failure;
  const own = events.filter(({ event }) => event.session === session.id);
  expect(own).toHaveLength(3);
  expect(error).toMatchObject({ pid: own.at(-1)?.event.pid, signal: "SIGKILL" });
  await rejection(session.call("echo", "echo"), SessionLostError);
});
