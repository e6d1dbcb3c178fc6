import { CallTimeoutError, SessionLostError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

const engine = sharedEngine();

describe("a call that passes its deadline while it is running", () => {
  test("is stopped, and the session goes on as its code left it", async () => {
    const session = await engine().session({ id: "running" });
    const pid = session.pid;

    const error = await rejection(session.call("gate", "hold", [], { timeout: "300ms" }), CallTimeoutError);

    expect(error.message).toBe(
      "session running: gate.hold took longer than 300 ms; its code was stopped; the session goes on",
    );
    expect(error).toMatchObject({
      session: "running",
      target: "gate.hold",
      timeoutMs: 300,
      fate: "cancelled",
    });
    expect(await session.call("process", "pid")).toBe(pid);
  });

  test("is killed when it does not stop, which takes a session along that has nothing to go back to", async () => {
    const session = await engine().session({ id: "gone", limits: { cancelGrace: "50ms" } });
    const pid = session.pid as number;
    const running = rejection(session.call("stubborn", "in_c", [], { timeout: "300ms" }), CallTimeoutError);
    const waiting = rejection(session.call("echo", "echo", [1]), SessionLostError);

    const cause = await running;

    expect(cause.fate).toBe("killed");
    expect((await waiting).cause).toBe(cause);
    const later = await rejection(session.call("echo", "echo", [1]), SessionLostError);
    expect(later.cause).toBe(cause);
    expect(later.message).toBe(
      "session gone is lost, open a new one: session gone: stubborn.in_c took longer than 300 ms; its worker was killed",
    );
    expect(session.state).toBe("lost");
    expect(await isGone(pid)).toBe(true);
  });
});

describe("a call that passes its deadline while it waits for its turn", () => {
  test("fails alone: it never runs, and the session goes on", async () => {
    const gate = makeGate();
    const session = await engine().session({ id: "waiting" });
    const running = session.call("gate", "wait", [gate.path]);

    const error = await rejection(session.call("order", "note", [1], { timeout: "50ms" }), CallTimeoutError);
    await gate.open();

    expect(error.message).toBe("session waiting: order.note took longer than 50 ms; it never ran");
    expect(error.fate).toBe("never ran");
    expect(await running).toBe("through");
    expect(await session.call("order", "notes")).toEqual([]);
  });
});

test("a call that is answered in time is not disturbed by its deadline", async () => {
  const session = await engine().session();

  await session.call("echo", "echo", [1], { timeout: "20s" });
  await session.call("echo", "echo", [1], { timeout: 20_000 });

  expect(session.state).toBe("ready");
});

test("a deadline that is longer than a timer can count does not pass at once", async () => {
  const gate = makeGate();
  const session = await engine().session();
  const running = session.call("gate", "wait", [gate.path], { timeout: "30d" });

  // A timer that was set to more than it can count would have fired before this answer.
  await rejection(session.call("echo", "echo", [1], { timeout: "50ms" }), CallTimeoutError);
  await gate.open();

  expect(await running).toBe("through");
});

test("an answer that came in time counts, also when Node was too busy to read it", async () => {
  const session = await engine().session();
  const answer = session.call("echo", "echo", [1], { timeout: "200ms" });
  // The call is on its way then.
  await new Promise((resolve) => setImmediate(resolve));

  const busyUntil = performance.now() + 600;
  while (performance.now() < busyUntil);

  expect(await answer).toBe(1);
  expect(session.state).toBe("ready");
});
