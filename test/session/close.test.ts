import { CallTimeoutError, SessionClosedError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { nextEvent, printed } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

const engine = sharedEngine();

describe("session.close()", () => {
  test("lets the calls finish that were made before, and refuses new ones", async () => {
    const gate = makeGate();
    const session = await engine().session({ id: "draining" });
    const running = session.call("gate", "wait", [gate.path]);
    const waiting = session.call("echo", "echo", [1]);

    const closing = session.close();
    expect(session.state).toBe("closing");
    const refused = await rejection(session.call("echo", "echo", [2]), SessionClosedError);
    await gate.open();

    expect(refused.message).toBe("session draining: it was closed, so it takes no more calls");
    expect(await Promise.all([running, waiting])).toEqual(["through", 1]);
    await closing;
    expect(session.state).toBe("closed");
  });

  test("resolves when the process is gone", async () => {
    const session = await engine().session();

    await session.close();

    expect(isAlive(session.pid as number)).toBe(false);
    expect(engine().sessions.has(session.id)).toBe(false);
  });

  test("takes along what the process had started", async () => {
    const session = await engine().session();
    const child = await session.call<number>("children", "start_child");

    await session.close();

    expect(await isGone(child)).toBe(true);
  });

  test("kills a call that takes longer than its timeout, and refuses what waits behind it", async () => {
    const session = await engine().session({ id: "impatient" });
    const holding = printed(engine(), "holding");
    const running = rejection(session.call("gate", "hold"), SessionClosedError);
    const waiting = rejection(session.call("echo", "echo", [1]), SessionClosedError);
    await holding;

    await session.close({ timeout: "50ms" });

    expect((await running).message).toBe("session impatient: it was closed while this call was running");
    expect((await waiting).message).toBe("session impatient: it was closed before this call had its turn");
    expect(session.state).toBe("closed");
    expect(isAlive(session.pid as number)).toBe(false);
  });

  test("whose worker dies before it was asked to leave is a failure, not a stop", async () => {
    const session = await engine().session({ id: "dies while draining" });
    const holding = printed(engine(), "holding");
    const running = rejection(session.call("gate", "hold"), WorkerDiedError);
    await holding;
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    const closing = session.close();
    process.kill(session.pid as number, "SIGKILL");

    await closing;
    expect((await failure).error).toBe(await running);
    expect(session.state).toBe("lost");
  });

  test("called twice closes once", async () => {
    const session = await engine().session();

    await Promise.all([session.close(), session.close()]);
    await session.close();

    expect(session.state).toBe("closed");
  });

  test("makes the id free", async () => {
    await (await engine().session({ id: "free" })).close();

    expect((await engine().session({ id: "free" })).state).toBe("ready");
  });

  test("is what `await using` does at its end", async () => {
    let pid: number;
    {
      await using session = await engine().session();
      pid = session.pid as number;
    }

    expect(isAlive(pid)).toBe(false);
  });

  test("waits for a timeout that is longer than a timer can count", async () => {
    const gate = makeGate();
    const session = await engine().session();
    const running = session.call("gate", "wait", [gate.path]);
    const waiting = session.call("echo", "echo", [1], { timeout: "50ms" });

    const closing = session.close({ timeout: "30d" });
    // A timer that was set to more than it can count would have fired before this one.
    await rejection(waiting, CallTimeoutError);
    await gate.open();

    expect(await running).toBe("through");
    await closing;
  });
});

describe("engine.close()", () => {
  test("closes every session, and opens no more", async () => {
    const own = await testEngine();
    const [a, b] = await Promise.all([own.session(), own.session()]);
    const call = a.call("echo", "echo", [1]);

    await own.close();

    expect(await call).toBe(1);
    expect([a.state, b.state]).toEqual(["closed", "closed"]);
    expect([a.pid, b.pid].map((pid) => isAlive(pid as number))).toEqual([false, false]);
    const error = await rejection(own.session({ id: "late" }), SessionClosedError);
    expect(error.message).toBe("session late: the engine was closed, so it opens no more sessions");
  });

  test("kills calls that take longer than its timeout", async () => {
    const own = await testEngine();
    const session = await own.session();
    const running = rejection(session.call("gate", "hold"), SessionClosedError);

    await own.close({ timeout: "50ms" });

    await running;
  });

  test("refuses a session whose process is still starting, and leaves no process", async () => {
    const own = await testEngine();
    const opening = rejection(own.session({ id: "starting" }), SessionClosedError);

    await own.close();

    expect((await opening).message).toBe("session starting: the engine was closed meanwhile");
    expect(own.sessions.size).toBe(0);
  });

  test("does not wait for a setup that never ends", async () => {
    const own = await testEngine();
    const holding = printed(own, "holding");
    const opening = rejection(
      own.session({ setup: (session) => session.call("gate", "hold") }),
      SessionClosedError,
    );
    await holding;

    await own.close({ timeout: "50ms" });

    await opening;
  });

  test("does not wait for a setup that waits for something else than Python, for ever", async () => {
    const own = await testEngine();
    let opening: Promise<unknown> = Promise.resolve();
    await new Promise<void>((entered) => {
      const setup = (): Promise<never> => {
        entered();
        return new Promise(() => {});
      };
      opening = rejection(own.session({ setup }), SessionClosedError);
    });

    await own.close({ timeout: "50ms" });

    await opening;
  });

  test("called twice closes once", async () => {
    const own = await testEngine();

    await Promise.all([own.close(), own.close()]);
  });
});
