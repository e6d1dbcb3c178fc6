import { ForkRefusedError, type Session, SessionClosedError, SessionLostError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash, kept, kill, recovered } from "../helpers/crash.js";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { type ScriptedWorker, scriptedEngine } from "../pipe/scripted-engine.js";

const engine = sharedEngine();

async function open(): Promise<Session> {
  return engine().session({ checkpoint: "manual" });
}

describe("a fork and its session end each for itself", () => {
  test("a fork outlives its session", async () => {
    const session = await open();
    await session.call("counter", "increment");
    const twin = await session.fork();

    await session.close();

    expect(await twin.call("counter", "increment")).toBe(2);
  });

  test("a fork outlives a session that was killed", async () => {
    const session = await open();
    const twin = await session.fork();
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    kill(session);

    await failure;
    expect(await twin.call("counter", "increment")).toBe(1);
  });

  test("a session outlives its forks", async () => {
    const session = await open();
    await session.call("counter", "increment");
    const [closed, killed] = await session.fork({ count: 2 });
    const pid = killed?.pid as number;

    await closed?.close();
    process.kill(pid, "SIGKILL");

    expect(await isGone(pid)).toBe(true);
    expect(isAlive(closed?.pid as number)).toBe(false);
    expect(await session.call("counter", "increment")).toBe(2);
  });
});

describe("a fork that dies goes back to what its session would have", () => {
  test("its checkpoint, also when the session has a newer one since, or is closed", async () => {
    const session = await engine().session({ id: "kept", checkpoint: "manual" });
    const event = kept(engine(), "kept");
    await session.call("order", "note", [1]);
    await session.checkpoint();
    const twin = await session.fork();
    await session.call("order", "note", [2]);
    await session.checkpoint();
    await session.close();

    await crash(engine(), twin);

    expect(await twin.call("order", "notes")).toEqual([1]);
    await twin.close();
    expect(await isGone((await event).pid as number)).toBe(true);
  });

  test("and tells what is lost by that, of before the fork and after it", async () => {
    const session = await open();
    await session.checkpoint();
    await session.call("order", "note", [1]);
    const twin = await session.fork();
    await twin.call("counter", "increment");

    const event = await crash(engine(), twin);

    expect(event).toMatchObject({ from: "checkpoint", lostCalls: ["order.note", "counter.increment"] });
  });

  test("its setup, which runs under the name of the fork", async () => {
    const session = await engine().session({
      checkpoint: "manual",
      setup: (session) => session.call("memory", "put", ["name", session.id]),
    });
    const twin = await session.fork();
    const back = recovered(engine(), twin);

    kill(twin);

    expect((await back).from).toBe("setup");
    expect(await twin.call("memory", "get", ["name"])).toBe(twin.id);
  });
});

describe("a fork is refused", () => {
  test("while a Python thread runs, by the name of the thread; nothing is changed, and the id stays free", async () => {
    const session = await engine().session({ id: "threads" });
    await session.call("background", "begin", ["prefetcher"]);

    const error = await rejection(session.fork({ count: 3 }), ForkRefusedError);

    expect(error).toMatchObject({
      session: "threads",
      reason: "your code left threads running: prefetcher",
    });
    await session.call("background", "end");
    expect((await session.fork()).id).toBe("threads/fork-1");
  });

  test("of a session that is closed", async () => {
    const session = await open();
    await session.close();

    await rejection(session.fork(), SessionClosedError);
  });

  test("where sessions are started cold", async () => {
    const own = await testEngine({ forkserver: false });
    const session = await own.session();

    const { reason } = await rejection(session.fork(), ForkRefusedError);

    expect(reason).toContain("forkserver: false");
    expect(own.sessions.size).toBe(1);
  });
});

test("a copy that dies while others are made leaves no fork, and no id taken", async () => {
  const { engine, workers } = scriptedEngine({ forks: true });
  const session = await engine.session({ id: "a", checkpoint: "manual" });
  const original = workers[0] as ScriptedWorker;
  const fork = original.fork.bind(original);
  original.fork = async (request) => {
    const copy = await fork(request);
    if (copy === workers[1]) copy.die("SIGKILL");
    return copy;
  };

  const error = await rejection(session.fork({ count: 3 }), ForkRefusedError);

  expect(error.cause).toBeInstanceOf(SessionLostError);
  expect([...engine.sessions.keys()]).toEqual(["a"]);
  expect(workers.slice(1).every((worker) => worker.dead)).toBe(true);
  expect((await session.fork({ count: 3 })).map((twin) => twin.id)).toEqual([
    "a/fork-1",
    "a/fork-2",
    "a/fork-3",
  ]);
});
