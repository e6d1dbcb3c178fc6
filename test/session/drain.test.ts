import { pipe, SessionClosedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { printed, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

describe("engine.drain()", () => {
  test("lets accepted calls finish, and refuses new ones by name", async () => {
    const engine = await testEngine();
    const gate = makeGate();
    const session = await engine.session({ id: "a" });
    const running = session.call("gate", "wait", [gate.path]);
    const waiting = session.call("echo", "echo", [1]);

    const drained = engine.drain();
    const refused = await rejection(session.call("echo", "echo", [2]), SessionClosedError);
    await gate.open();

    expect(refused.message).toBe("session a: it is draining, so it takes no more calls");
    expect(await Promise.all([running, waiting])).toEqual(["through", 1]);
    await drained;
  });

  test("refuses new sessions, forks and checkpoints by name", async () => {
    const engine = await testEngine();
    const session = await engine.session({ id: "a" });

    await engine.drain();

    const opening = await rejection(engine.session({ id: "b" }), SessionClosedError);
    expect(opening.message).toBe("session b: the engine is draining, so it opens no more sessions");
    await rejection(session.fork(), SessionClosedError);
    await rejection(session.checkpoint(), SessionClosedError);
  });

  test("leaves the sessions open until the engine is closed", async () => {
    const engine = await testEngine();
    const session = await engine.session();

    await engine.drain();
    expect(session.state).toBe("ready");
    await engine.close();

    expect(session.state).toBe("closed");
    const error = await rejection(engine.session({ id: "b" }), SessionClosedError);
    expect(error.message).toBe("session b: the engine was closed, so it opens no more sessions");
  });

  test("refuses who waits for room", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    await engine.session();
    const waiting = rejection(engine.session({ id: "late" }), SessionClosedError);

    await engine.drain();

    expect((await waiting).message).toBe("session late: the engine is draining meanwhile");
  });

  test("closes a fork that was on its way, and leaves no process of it", async () => {
    const engine = await testEngine();
    const gate = makeGate();
    const session = await engine.session();
    const running = session.call("gate", "wait", [gate.path]);
    const fork = rejection(session.fork(), SessionClosedError);

    const drained = engine.drain();
    await gate.open();

    await Promise.all([running, drained, fork]);
    expect([...engine.sessions.values()]).toEqual([session]);
  });

  test("tells of a fork that was on its way as one that could not start, and not as one that has stopped", async () => {
    const engine = await testEngine();
    const gate = makeGate();
    const session = await engine.session({ id: "a" });
    const events = record(engine, "session-start", "session-stop", "session-failure");
    const running = session.call("gate", "wait", [gate.path]);
    const fork = rejection(session.fork(), SessionClosedError);

    const drained = engine.drain();
    await gate.open();

    await Promise.all([running, drained]);
    const event = { session: "a/fork-1", pid: expect.any(Number), durationMs: expect.any(Number) };
    expect(events).toEqual([{ name: "session-failure", event: { ...event, error: await fork } }]);
  });

  test("called twice drains once", async () => {
    const engine = await testEngine();

    await Promise.all([engine.drain(), engine.drain()]);
  });
});

describe("a run on an engine that is drained", () => {
  const doubling = pipe<number>("doubling").python<number>("double", {
    module: "drained",
    function: "double",
    batch: { size: 2 },
  });

  test("takes no more records, finishes those it has, and ends as stopped with a balanced ledger", async () => {
    const engine = await testEngine();
    const session = await engine.session();
    const gate = makeGate();
    const waiting = printed(engine, "batch");
    function* endless(): Generator<number> {
      yield* [1, 2];
      for (let number = 3; ; number++) yield number;
    }
    await session.call("drained", "wait_for", [gate.path]);
    const run = doubling.run(endless(), { session });
    const collected = run.collect();
    await waiting;

    const drained = engine.drain();
    await gate.open();

    const { status, ledger, outputs } = await collected;
    await drained;
    expect(status).toBe("stopped");
    expect(ledger).toMatchObject({ unfinished: 0, rejected: 0, balanced: true });
    expect(ledger.out).toBe(ledger.in);
    expect(outputs.default.map(({ payload }) => payload)).toEqual(
      Array.from({ length: ledger.in }, (_, index) => 2 * (index + 1)),
    );
  });

  test("that begins only then takes no record at all", async () => {
    const engine = await testEngine();
    const session = await engine.session();
    await engine.drain();

    const { status, ledger } = await doubling.run([1, 2, 3], { session }).collect();

    expect(status).toBe("stopped");
    expect(ledger).toMatchObject({ in: 0, out: 0, unfinished: 0 });
  });
});
