import { CallAbortedError, SessionLostError } from "slither-ts";
import { expect, onTestFinished, test } from "vitest";
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

test("a call that is aborted while it is running is killed, and its session is lost", async () => {
  const session = await engine().session({ id: "killed" });
  const controller = new AbortController();
  const holding = printed(engine(), "holding");
  const call = rejection(session.call("gate", "hold", [], { signal: controller.signal }), CallAbortedError);
  await holding;

  controller.abort("stop");

  const error = await call;
  expect(error.message).toBe("session killed: gate.hold was aborted; its worker was killed");
  expect(error).toMatchObject({ fate: "killed", cause: "stop" });
  expect((await rejection(session.call("echo", "echo"), SessionLostError)).cause).toBe(error);
  expect(await isGone(session.pid as number)).toBe(true);
});

test("a session whose call was killed is lost at once, not only when the process is gone", async () => {
  const session = await engine().session();
  const holding = printed(engine(), "holding");
  const controller = new AbortController();
  const running = rejection(
    session.call("gate", "hold", [], { signal: controller.signal }),
    CallAbortedError,
  );
  await holding;

  controller.abort();

  expect(session.state).toBe("lost");
  const next = await rejection(session.call("echo", "echo", [1]), SessionLostError);
  expect(next.cause).toBe(await running);
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
