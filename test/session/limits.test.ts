import { MemoryLimitError, PythonError, SessionBusyError, SessionClosedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { batchRequest } from "../helpers/batch-request.js";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { nextEvent, printed } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

const engine = sharedEngine({ preload: ["numpy"] });

describe("limits.memory", () => {
  test("is a MemoryError at first, which code can handle", async () => {
    const session = await engine().session({ limits: { memory: "100MB" } });
    const { pid } = session;

    const megabytes = await session.call<number>("hog", "grow");

    expect(megabytes).toBeGreaterThan(80);
    expect(megabytes).toBeLessThan(130);
    expect(await session.call("process", "pid")).toBe(pid);
  });

  test("is told to the caller as a MemoryError that the code did not handle; the session goes on", async () => {
    const session = await engine().session({ limits: { memory: "100MB" } });
    const { pid } = session;

    const error = await rejection(session.call("hog", "grow_carelessly"), PythonError);

    expect(error.pythonType).toBe("MemoryError");
    expect(await session.call("process", "pid")).toBe(pid);
  });

  test("is a MemoryLimitError where it is passed by far at once, and the session comes back", async () => {
    const session = await engine().session({ id: "hog", limits: { memory: "64MB" } });
    await session.call("memory", "put", ["model", "trained"]);
    await session.checkpoint();

    const error = await rejection(session.call("hog", "take_at_once", [150]), MemoryLimitError);

    expect(error).toMatchObject({ session: "hog", signal: "SIGKILL", during: "hog.take_at_once" });
    expect(error.limitBytes).toBe(64 * 2 ** 20);
    expect(error.usedBytes).toBeGreaterThan(80 * 2 ** 20);
    expect(await session.call("memory", "get", ["model"])).toBe("trained");
  });

  test("is no reason to make an idempotent call again", async () => {
    const session = await engine().session({ limits: { memory: "64MB" } });
    await session.checkpoint();

    await rejection(session.call("hog", "take_at_once", [150], { idempotent: true }), MemoryLimitError);

    expect(await session.call("echo", "echo", [1])).toBe(1);
  });

  test("of the engine holds where the session says nothing", async () => {
    const own = await testEngine({ preload: ["numpy"], limits: { memory: "64MB" } });
    const [limited, free] = await Promise.all([own.session(), own.session({ limits: { memory: "1GB" } })]);

    await rejection(limited.call("hog", "take_at_once", [150]), MemoryLimitError);

    expect(await free.call("hog", "leak", [150])).toBe(1);
  });
});

describe("limits.idle", () => {
  test("closes a session that nobody uses, and says so", async () => {
    const session = await engine().session({ id: "unused", limits: { idle: "50ms" } });

    await nextEvent(engine(), "session-stop", (event) => event.session === "unused");

    const error = await rejection(session.call("echo", "echo"), SessionClosedError);
    expect(error.message).toBe(
      "session unused: it was closed after 50 ms without use (limits.idle), so it takes no more calls",
    );
  });

  test("does not count while a call runs", async () => {
    const gate = makeGate();
    const session = await engine().session({ id: "used", limits: { idle: "100ms" } });
    const running = session.call("gate", "wait", [gate.path]);
    const other = await engine().session({ id: "idle meanwhile", limits: { idle: "200ms" } });

    await nextEvent(engine(), "session-stop", (event) => event.session === other.id);

    expect(session.state).toBe("ready");
    await gate.open();
    expect(await running).toBe("through");
  });

  test("does not count while a run uses the session, also when the run has nothing to send", async () => {
    const session = await engine().session({ limits: { idle: "50ms" } });
    const ended = new Promise<void>(() => {});
    const end = session.lifecycle.use({ drain: () => {}, done: ended });
    const other = await engine().session({ id: "idle during the run", limits: { idle: "200ms" } });

    await nextEvent(engine(), "session-stop", (event) => event.session === other.id);
    expect(session.state).toBe("ready");
    const stopped = nextEvent(engine(), "session-stop", (event) => event.session === session.id);
    end();

    await stopped;
  });
});

test("limits.idle does not end the replicas of a run that has nothing to send for a while", async () => {
  const session = await engine().session({ limits: { idle: "50ms" } });
  const end = session.lifecycle.use({ drain: () => {}, done: Promise.resolve() });
  const replicas = await session.replicas(2, new AbortController().signal);
  const other = await engine().session({ id: "idle beside replicas", limits: { idle: "200ms" } });

  await nextEvent(engine(), "session-stop", (event) => event.session === other.id);

  const request = batchRequest([1], "batch_fate", "double");
  const options = { attempts: 3, changesState: false, owner: "run" };
  const { batch } = await replicas.execute(request, { target: "double" }, options);
  expect(batch?.results).toEqual([2]);
  await replicas.close();
  end();
});

describe('busy: "fail"', () => {
  test("refuses a call while another runs, by name, and runs the first", async () => {
    const gate = makeGate();
    const session = await engine().session({ id: "impatient", busy: "fail" });
    const running = session.call("gate", "wait", [gate.path]);

    const error = await rejection(session.call("echo", "echo"), SessionBusyError);

    expect(error.message).toBe(
      'session impatient is busy, so echo.echo was not called (busy: "fail"); await the call before it, or open the session with busy: "queue"',
    );
    await gate.open();
    expect(await running).toBe("through");
  });

  test("takes a call when the one before is answered", async () => {
    const session = await engine().session({ busy: "fail" });

    for (let time = 0; time < 20; time++) expect(await session.call("echo", "echo", [time])).toBe(time);
  });

  test("takes a call also while the state is being kept", async () => {
    const session = await engine().session({ busy: "fail" });

    const [, answer] = await Promise.all([session.checkpoint(), session.call("echo", "echo", [1])]);

    expect(answer).toBe(1);
  });

  test("takes the next call after one that was given up has stopped", async () => {
    const session = await engine().session({ busy: "fail" });
    const holding = printed(engine(), "holding");
    const controller = new AbortController();
    const given = session.call("gate", "hold", [], { signal: controller.signal }).catch(() => {});
    await holding;

    controller.abort();
    await given;

    expect(await session.call("echo", "echo", [1])).toBe(1);
  });
});
