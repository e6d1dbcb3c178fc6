import { EngineFullError, SessionClosedError } from "slither-ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { kept } from "../helpers/crash.js";
import { testEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

describe("maxSessions", () => {
  test("lets those who ask for more wait in line, first come, first served", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    const first = await engine.session();
    const opened: string[] = [];
    const waiting = ["b", "c", "d"].map(async (id) => {
      const session = await engine.session({ id });
      opened.push(id);
      await session.close();
    });

    await first.close();
    await Promise.all(waiting);

    expect(opened).toEqual(["b", "c", "d"]);
  });

  test("makes room when a session is lost", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    const first = await engine.session();
    const waiting = engine.session();

    process.kill(first.pid as number, "SIGKILL");

    expect((await waiting).state).toBe("ready");
  });

  test("makes room when a session could not be set up", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    await rejection(
      engine.session({
        setup: () => {
          throw new TypeError("no");
        },
      }),
      TypeError,
    );

    expect((await engine.session()).state).toBe("ready");
  });

  test("counts forks", async () => {
    const engine = await testEngine({ maxSessions: 2 });
    const session = await engine.session();
    await session.fork();

    const error = await rejection(session.fork({ queueTimeout: "20ms" }), EngineFullError);

    expect(error).toMatchObject({ option: "maxSessions", limit: 2, wanted: 1, waitedMs: 20 });
  });
});

describe("who waits for room", () => {
  test("is refused after queueTimeout, and the id is free again", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    const first = await engine.session();

    const error = await rejection(engine.session({ id: "late", queueTimeout: "20ms" }), EngineFullError);

    expect(error.message).toBe(
      "expected room for 1 more sessions within 20 ms, got none: the engine has 1 (maxSessions); close some, raise maxSessions, or wait longer (queueTimeout)",
    );
    await first.close();
    expect((await engine.session({ id: "late" })).state).toBe("ready");
  });

  test("can give up by its signal, with its reason", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    await engine.session();
    const controller = new AbortController();
    const reason = new TypeError("the user has left");
    const waiting = rejection(engine.session({ signal: controller.signal }), TypeError);

    controller.abort(reason);

    expect(await waiting).toBe(reason);
  });

  test("is refused by name when the engine is closed", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    await engine.session();
    const waiting = rejection(engine.session({ id: "late" }), SessionClosedError);

    await engine.close();

    expect((await waiting).message).toBe("session late: the engine was closed meanwhile");
  });

  test("for a fork is told when the session is closed before there is room", async () => {
    const engine = await testEngine({ maxSessions: 2 });
    const [session, other] = await Promise.all([engine.session(), engine.session()]);
    const waiting = rejection(session.fork(), SessionClosedError);

    await session.close();

    await waiting;
    expect([...engine.sessions.values()]).toEqual([other]);
  });

  test("may be many: Node warns of no leak", async () => {
    const engine = await testEngine({ maxSessions: 1 });
    await engine.session();
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    const { signal } = new AbortController();

    const waiting = Array.from({ length: 20 }, () =>
      engine.session({ queueTimeout: "20ms", signal }).catch(() => {}),
    );
    await Promise.all(waiting);

    expect(warnings).toEqual([]);
  });
});

describe("maxProcesses", () => {
  test("counts checkpoints: one that was asked for waits for room, and is refused without", async () => {
    const engine = await testEngine({ maxProcesses: 1 });
    const session = await engine.session({ checkpoint: "manual", queueTimeout: "20ms" });

    const error = await rejection(session.checkpoint(), EngineFullError);

    expect(error).toMatchObject({ option: "maxProcesses", limit: 1 });
    expect(await session.call("echo", "echo", [1])).toBe(1);
  });

  test("lets a checkpoint be replaced where there is no room for another", async () => {
    const engine = await testEngine({ maxProcesses: 2 });
    const session = await engine.session({ checkpoint: "manual", queueTimeout: "20ms" });
    await session.checkpoint();

    await session.checkpoint();
  });

  test("does not let it be replaced where a fork needs the old one, too", async () => {
    const engine = await testEngine({ maxProcesses: 3 });
    const session = await engine.session({ checkpoint: "manual", queueTimeout: "20ms" });
    await session.checkpoint();
    const twin = await session.fork();

    await rejection(session.checkpoint(), EngineFullError);

    await twin.close();
    await session.checkpoint();
  });

  test("is not exceeded by a checkpoint that is asked for beside a fork, which comes to need the old one", async () => {
    const engine = await testEngine({ maxProcesses: 3, minIdle: 0 });
    const session = await engine.session({ checkpoint: "manual", queueTimeout: "20ms" });
    await session.checkpoint();

    const [fork, checkpoint] = await Promise.allSettled([session.fork(), session.checkpoint()]);

    expect(fork.status).toBe("fulfilled");
    expect(checkpoint).toMatchObject({ status: "rejected", reason: { code: "SLITHER_ENGINE_FULL" } });
  });

  test("lets a checkpoint that was asked for beside a fork wait until there is room", async () => {
    const engine = await testEngine({ maxProcesses: 3, minIdle: 0 });
    const session = await engine.session({ checkpoint: "manual" });
    await session.checkpoint();
    const forking = session.fork();
    const keeping = session.checkpoint();

    await (await forking).close();

    await keeping;
  });

  test("skips an automatic checkpoint with an event", async () => {
    const engine = await testEngine({ maxProcesses: 1 });
    const session = await engine.session({ id: "a" });
    const skip = nextEvent(engine, "session-checkpoint-skip");

    await session.call("counter", "increment");

    expect(await skip).toEqual({ session: "a", pid: session.pid, reason: "maxProcesses is reached" });
  });

  test("gives room back when a session with a checkpoint is closed", async () => {
    const engine = await testEngine({ maxProcesses: 2 });
    for (let time = 0; time < 3; time++) {
      const session = await engine.session();
      await session.checkpoint();
      await session.close();
    }

    const event = kept(engine, "last");
    const last = await engine.session({ id: "last" });
    await last.call("counter", "increment");

    expect((await event).automatic).toBe(true);
  });

  test("gives room back when a fork was refused", async () => {
    const engine = await testEngine({ maxProcesses: 2 });
    const session = await engine.session({ checkpoint: "manual" });
    await session.call("background", "begin", ["prefetcher"]);
    await session.fork().catch(() => {});
    await session.call("background", "end");

    expect((await session.fork({ queueTimeout: "20ms" })).state).toBe("ready");
  });
});

describe("several forks", () => {
  test("are made all or none where there is room for some", async () => {
    const engine = await testEngine({ maxProcesses: 3 });
    const session = await engine.session({ checkpoint: "manual" });

    await rejection(session.fork({ count: 3, queueTimeout: "20ms" }), EngineFullError);

    expect(engine.sessions.size).toBe(1);
    expect(await session.fork({ count: 2, queueTimeout: "20ms" })).toHaveLength(2);
  });

  test("more than there can ever be are refused at once", async () => {
    const engine = await testEngine({ maxSessions: 2 });
    const session = await engine.session();

    const error = await rejection(session.fork({ count: 3 }), EngineFullError);

    expect(error.message).toBe(
      "expected to need at most 2 sessions (maxSessions), got a request for 3 at once",
    );
  });
});
