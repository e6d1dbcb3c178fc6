import { CallAbortedError, SessionLostError } from "slither-ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { printed } from "../helpers/events.js";
import { isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { makeGate } from "../helpers/temporary.js";

const engine = sharedEngine();

test("a call with a signal that was aborted before never runs", async () => {
  const session = await engine().session({ id: "early" });
  const reason = new Error("the user has left");

  const error = await rejection(
    session.call("order", "note", [1], { signal: AbortSignal.abort(reason) }),
    CallAbortedError,
  );

  expect(error.message).toBe("session early: order.note was aborted; it never ran");
  expect(error).toMatchObject({ session: "early", target: "order.note", fate: "never ran", cause: reason });
  expect(await session.call("order", "notes")).toEqual([]);
});

test("a call that is aborted while it waits never runs, and the session goes on", async () => {
  const gate = makeGate();
  const session = await engine().session();
  const running = session.call("gate", "wait", [gate.path]);
  const controller = new AbortController();
  const waiting = rejection(
    session.call("order", "note", [1], { signal: controller.signal }),
    CallAbortedError,
  );

  controller.abort();

  expect((await waiting).fate).toBe("never ran");
  await gate.open();
  expect(await running).toBe("through");
  expect(await session.call("order", "notes")).toEqual([]);
});

test("a call that is aborted while it is running is stopped, and the session goes on", async () => {
  const session = await engine().session({ id: "stopped" });
  await session.call("counter", "increment");
  const controller = new AbortController();
  const holding = printed(engine(), "holding");
  const call = rejection(session.call("gate", "hold", [], { signal: controller.signal }), CallAbortedError);
  await holding;

  controller.abort("stop");

  const error = await call;
  expect(error.message).toBe(
    "session stopped: gate.hold was aborted; its code was stopped; the session goes on",
  );
  expect(error).toMatchObject({ fate: "cancelled", cause: "stop" });
  expect(await session.call("counter", "increment")).toBe(2);
});

describe("a call that does not heed its abort", () => {
  test("is killed after the time for stopping, and a session without anything to go back to is lost", async () => {
    const session = await engine().session({ id: "killed", limits: { cancelGrace: "50ms" } });
    const controller = new AbortController();
    const running = printed(engine(), "in C");
    const call = rejection(
      session.call("stubborn", "in_c", [], { signal: controller.signal }),
      CallAbortedError,
    );
    await running;

    controller.abort("stop");

    const error = await call;
    expect(error.message).toBe("session killed: stubborn.in_c was aborted; its worker was killed");
    expect(error).toMatchObject({ fate: "killed", cause: "stop" });
    expect((await rejection(session.call("echo", "echo"), SessionLostError)).cause).toBe(error);
    expect(await isGone(session.pid as number)).toBe(true);
  });

  test("is told as dropped when its code comes to its end all the same", async () => {
    const session = await engine().session({ id: "dropped" });
    const controller = new AbortController();
    const running = printed(engine(), "swallowing");
    const call = rejection(
      session.call("stubborn", "swallow", [], { signal: controller.signal }),
      CallAbortedError,
    );
    await running;

    controller.abort();

    expect((await call).fate).toBe("dropped");
    expect(await session.call("echo", "echo", [1])).toBe(1);
  });
});

test("a signal that is aborted after the answer does nothing", async () => {
  const session = await engine().session();
  const controller = new AbortController();
  await session.call("echo", "echo", [1], { signal: controller.signal });

  controller.abort();

  expect(await session.call("echo", "echo", [2])).toBe(2);
});

test("one signal may serve any number of calls: Node warns of no leak", async () => {
  const session = await engine().session();
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const { signal } = new AbortController();

  await Promise.all(
    Array.from({ length: 20 }, (_, index) => session.call("echo", "echo", [index], { signal })),
  );
  await new Promise((resolve) => setImmediate(resolve));

  expect(warnings).toEqual([]);
});
