import { ForkRefusedError } from "slither-ts";
import { inline } from "slither-ts/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { crash, kept, parentOf } from "../helpers/crash.js";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { nextEvent, record } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

const engine = sharedEngine();

describe("session.checkpoint()", () => {
  test("is told, with the process that keeps the state", async () => {
    const session = await engine().session({ id: "asked" });
    const event = kept(engine(), "asked");

    await session.checkpoint();

    const { pid, ...rest } = await event;
    expect(rest).toEqual({ session: "asked", durationMs: expect.any(Number), automatic: false });
    expect(isAlive(pid as number)).toBe(true);
    expect(pid).not.toBe(session.pid);
    expect(parentOf(pid as number)).toBe(parentOf(session.pid as number));
  });

  test("waits for its turn: it keeps what the calls before it have done, and nothing of those after it", async () => {
    const session = await engine().session({ checkpoint: "manual", recovery: "accept-rollback" });

    await Promise.all([
      session.call("order", "note", [1]),
      session.checkpoint(),
      session.call("order", "note", [2]),
    ]);
    await crash(engine(), session);

    expect(await session.call("order", "notes")).toEqual([1]);
  });

  test("takes the place of the checkpoint before it", async () => {
    const session = await engine().session({ id: "twice" });
    const first = kept(engine(), "twice");
    await session.checkpoint();
    await session.call("order", "note", [1]);

    await session.checkpoint();

    expect(await isGone((await first).pid as number)).toBe(true);
    await crash(engine(), session);
    expect(await session.call("order", "notes")).toEqual([1]);
  });

  test("ends with its session", async () => {
    const session = await engine().session({ id: "ends" });
    const event = kept(engine(), "ends");
    await session.checkpoint();

    await session.close();

    expect(isAlive((await event).pid as number)).toBe(false);
  });

  test("is refused while a Python thread runs, by the name of the thread; the session goes on", async () => {
    const session = await engine().session({ id: "threaded" });
    await session.call("background", "begin", ["prefetcher"]);

    const error = await rejection(session.checkpoint(), ForkRefusedError);

    expect(error.message).toBe(
      "session threaded cannot be copied: your code left threads running: prefetcher",
    );
    await session.call("background", "end");
    await session.checkpoint();
  });

  test("is refused where there are no processes", async () => {
    const own = inline({ modules: {} });
    onTestFinished(() => own.close());
    const session = await own.session({ id: "a" });

    const error = await rejection(session.checkpoint(), ForkRefusedError);

    expect(error.message).toBe("session a cannot be copied: inline() has no processes");
  });
});

describe("an automatic checkpoint", () => {
  test("is made after setup", async () => {
    const event = kept(engine(), "set up");

    const session = await engine().session({
      id: "set up",
      setup: (session) => session.call("counter", "increment"),
    });

    expect((await event).automatic).toBe(true);
    expect((await crash(engine(), session)).from).toBe("checkpoint");
    expect(await session.call("counter", "increment")).toBe(2);
  });

  test("is made when calls have changed the state and the session is idle", async () => {
    const session = await engine().session({ id: "idle" });
    const event = kept(engine(), "idle");
    await session.call("counter", "increment");

    expect((await event).automatic).toBe(true);
    expect(await crash(engine(), session)).toMatchObject({ from: "checkpoint", lostCount: 0 });
    expect(await session.call("counter", "increment")).toBe(2);
  });

  test("is not made while the session is busy, nor where nothing has changed", async () => {
    const own = await testEngine();
    const gate = makeGate();
    const [busy, unchanged, other] = await Promise.all(
      ["busy", "unchanged", "other"].map((id) => own.session({ id })),
    );
    const events = record(own, "session-checkpoint");
    await busy?.call("counter", "increment");
    const running = busy?.call("gate", "wait", [gate.path]);
    await unchanged?.call("counter", "increment", [], { idempotent: true });

    // By the time that a session is kept which became idle later, they had their chance.
    const later = kept(own, "other");
    await other?.call("counter", "increment");
    await later;
    const between = events.map(({ event }) => event.session);
    const whenIdle = kept(own, "busy");
    await gate.open();

    await Promise.all([running, whenIdle]);
    expect(between).toEqual(["other"]);
  });

  test("is made once for a burst of calls", async () => {
    const session = await engine().session({ id: "burst" });
    const events = record(engine(), "session-checkpoint");
    const event = kept(engine(), "burst");

    for (let call = 0; call < 50; call++) await session.call("counter", "increment");
    await event;

    expect(events.filter(({ event }) => event.session === "burst")).toHaveLength(1);
  });

  test("is skipped with an event while a Python thread runs", async () => {
    const session = await engine().session({ id: "skips" });
    const skip = nextEvent(engine(), "session-checkpoint-skip", (event) => event.session === "skips");

    await session.call("background", "begin", ["prefetcher"]);

    expect(await skip).toEqual({
      session: "skips",
      pid: session.pid,
      reason: expect.stringContaining("your code left threads running: prefetcher"),
    });
  });

  test("is skipped with one event where processes cannot be copied", async () => {
    const own = await testEngine({ forkserver: false });
    const session = await own.session();
    const events = record(own, "session-checkpoint-skip");
    const skip = nextEvent(own, "session-checkpoint-skip");

    await session.call("counter", "increment");

    expect((await skip).reason).toContain("forkserver: false");
    await session.call("counter", "increment");
    await session.close();
    expect(events).toHaveLength(1);
  });
});

describe("without automatic checkpoints", () => {
  test("nothing is kept that was not asked for", async () => {
    const own = await testEngine();
    const events = record(own, "session-checkpoint");
    const [manual, other] = await Promise.all([
      own.session({ checkpoint: "manual", setup: (session) => session.call("counter", "increment") }),
      own.session({ id: "other" }),
    ]);
    await manual.call("counter", "increment");
    const later = kept(own, "other");
    await other.call("counter", "increment");

    await later;

    expect(events.map(({ event }) => event.session)).toEqual(["other"]);
  });
});
