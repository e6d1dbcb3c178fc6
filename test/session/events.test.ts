import type { EngineEvents } from "slither-ts";
import { WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { nextEvent, printed, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

describe("the life of a session", () => {
  test("is told as its start and its stop", async () => {
    const engine = await testEngine();
    const events = record(engine, "session-start", "session-stop", "session-failure");

    const session = await engine.session({ id: "a" });
    await session.close();

    const event = { session: "a", pid: session.pid, durationMs: expect.any(Number) };
    expect(events).toEqual([
      { name: "session-start", event },
      { name: "session-stop", event },
    ]);
  });

  test("takes as long as its events say: setup belongs to the start, and the start to the life", async () => {
    const engine = await testEngine();
    const events = record(engine, "session-start", "session-stop");
    const began = performance.now();

    const session = await engine.session({ setup: (session) => session.call("time", "sleep", [0.1]) });
    const started = performance.now() - began;
    await session.close();
    const lived = performance.now() - began;

    const [start, stop] = events.map(({ event }) => event.durationMs) as [number, number];
    expect(start).toBeGreaterThan(100);
    expect(start).toBeLessThanOrEqual(started);
    expect(stop).toBeGreaterThan(start);
    expect(stop).toBeLessThanOrEqual(lived);
  });

  test("ends with a failure, and not with a stop, when it is lost", async () => {
    const engine = await testEngine();
    const session = await engine.session({ id: "a" });
    const events = record(engine, "session-stop", "session-failure");

    const error = await rejection(session.call("killer", "kill_self"), WorkerDiedError);
    await session.close();

    expect(events).toEqual([
      {
        name: "session-failure",
        event: { session: "a", pid: session.pid, durationMs: expect.any(Number), error },
      },
    ]);
  });
});

describe("what Python code prints", () => {
  test("arrives as events, from print() and from C, of both streams, and disturbs no call", async () => {
    const engine = await testEngine();
    const session = await engine.session({ id: "a" });
    const lines = Promise.all(["from print", "to stderr", "from write"].map((line) => printed(engine, line)));
    const logs = record(engine, "session-log");

    expect(await session.call("printer", "to_both")).toBe("done");

    await lines;
    expect(logs.map(({ event }) => event)).toEqual(
      expect.arrayContaining([
        { session: "a", pid: session.pid, stream: "stdout", line: "from print" },
        { session: "a", pid: session.pid, stream: "stderr", line: "to stderr" },
        { session: "a", pid: session.pid, stream: "stdout", line: "from write" },
      ]),
    );
  });

  test("arrives in order and whole, however much it is", async () => {
    const engine = await testEngine();
    const session = await engine.session();
    const logs = record(engine, "session-log");
    const last = printed(engine, "line 4999");

    await session.call("printer", "many", [5_000]);
    await last;

    expect(logs.map(({ event }) => event.line)).toEqual(
      Array.from({ length: 5_000 }, (_, index) => `line ${index}`),
    );
  });

  test("arrives before its session has ended, also without a line end", async () => {
    const engine = await testEngine();
    const session = await engine.session();
    const events = record(engine, "session-log", "session-stop");
    await session.call("sys", "stdout.write", ["no line end"]);

    await session.close();

    expect(events.map(({ name }) => name)).toEqual(["session-log", "session-stop"]);
    expect(events[0]?.event).toMatchObject({ line: "no line end" });
  });

  test("while a module is imported, names the session", async () => {
    const engine = await testEngine();
    const line = nextEvent(
      engine,
      "session-log",
      (event) => event.line === "The Zen of Python, by Tim Peters",
    );
    const session = await engine.session({ id: "zen" });

    await session.call("this", "s.upper");

    expect((await line).session).toBe("zen");
  });
});

test("a listener can be taken away again", async () => {
  const engine = await testEngine();
  const heard: string[] = [];
  const listen = (event: EngineEvents["session-start"]) => heard.push(event.session);
  const stop = engine.on("session-start", listen);
  await engine.session({ id: "a" });

  stop();
  await engine.session({ id: "b" });

  expect(heard).toEqual(["a"]);
});
