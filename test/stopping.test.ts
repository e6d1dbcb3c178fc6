import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { isAborted, listen, throwIfAborted, unlisten, untilStopped } from "../src/stopping.js";
import { deferred } from "./dispatch/deferred.js";

test("it gives what the promise gives", async () => {
  await expect(untilStopped(Promise.resolve(7), new AbortController().signal)).resolves.toBe(7);
});

test("it fails as the promise fails", async () => {
  const error = new Error("broken");
  await expect(untilStopped(Promise.reject(error), new AbortController().signal)).rejects.toBe(error);
});

test("an abort ends the waiting with its reason, also when the promise never settles", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = untilStopped(new Promise(() => {}), controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test("an aborted signal no longer holds what waited for it", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = untilStopped(new Promise(() => {}), signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  controller.abort();
  await expect(waiting).rejects.toBe(signal.reason);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a signal that was aborted before ends it at once", async () => {
  const reason = new Error("enough");
  await expect(untilStopped(new Promise(() => {}), AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("a promise that fails when nobody waits any more is no unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const listener = (error: unknown): unknown => unhandled.push(error);
  process.on("unhandledRejection", listener);
  try {
    const [early, late] = [deferred(), deferred()];
    const controller = new AbortController();
    const waits = [untilStopped(early.promise, controller.signal)];
    controller.abort(new Error("enough"));
    waits.push(untilStopped(late.promise, controller.signal));
    await Promise.allSettled(waits);
    for (const each of [early, late]) each.reject(new Error("too late"));
    // Unhandled rejections are told after the microtasks of a turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", listener);
  }
});

test("it leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  signal.addEventListener = ((...args: Parameters<AbortSignal["addEventListener"]>) => {
    listeners += 1;
    AbortSignal.prototype.addEventListener.apply(signal, args);
  }) as AbortSignal["addEventListener"];
  signal.removeEventListener = ((...args: Parameters<AbortSignal["removeEventListener"]>) => {
    listeners -= 1;
    AbortSignal.prototype.removeEventListener.apply(signal, args);
  }) as AbortSignal["removeEventListener"];
  await untilStopped(Promise.resolve(), signal);
  await untilStopped(Promise.reject(new Error("broken")), signal).catch(() => {});
  expect(listeners).toBe(0);
});

test("no signal is one that is not aborted", () => {
  expect(isAborted(undefined)).toBe(false);
});

test("an aborted signal is thrown as its reason, and one that is not is left alone", () => {
  const reason = new Error("enough");
  expect(() => throwIfAborted(AbortSignal.abort(reason))).toThrow(reason);
  expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
});

test("a listener hears an abort, unless it was taken away", () => {
  const controller = new AbortController();
  const heard: string[] = [];
  const [stays, goes] = [() => heard.push("stays"), () => heard.push("goes")];
  listen(controller.signal, stays);
  listen(controller.signal, goes);
  unlisten(controller.signal, goes);
  controller.abort();
  expect(heard).toEqual(["stays"]);
});
