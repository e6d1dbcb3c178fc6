import { CallAbortedError, CallTimeoutError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { printed, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine({ preload: ["sklearn.ensemble"] });

describe.each<[string, string, string, unknown[], string]>([
  ["a loop in pure Python", "long_fits", "loop", [], "looping"],
  ["a sleep", "gate", "hold", [], "holding"],
  ["a random forest that is being fitted", "long_fits", "forest", [], "fitting"],
  ["a histogram boosting that is being fitted", "long_fits", "boosting", [], "fitting"],
])("%s", (_, module, name, args, line) => {
  test("stops at its deadline, and the next call is right, in the same process", async () => {
    const session = await engine().session();
    const { pid } = session;
    await session.call("counter", "increment");

    const error = await rejection(session.call(module, name, args, { timeout: "400ms" }), CallTimeoutError);

    expect(error.fate).toBe("cancelled");
    expect(await session.call("counter", "increment")).toBe(2);
    expect(await session.call("process", "pid")).toBe(pid);
  });

  test("stops when its signal is aborted", async () => {
    const session = await engine().session();
    const begun = printed(engine(), line);
    const controller = new AbortController();
    const call = rejection(session.call(module, name, args, { signal: controller.signal }), CallAbortedError);
    await begun;

    controller.abort();

    expect((await call).fate).toBe("cancelled");
    expect(await session.call("echo", "echo", [1])).toBe(1);
  });
});

test("a fit that is stopped at any moment leaves a session whose next fit is right", async () => {
  const session = await engine().session();
  const before = await session.call("workloads", "random_forest");

  for (let time = 0; time < 15; time++) {
    const timeout = 1 + 4 * time;
    await rejection(session.call("long_fits", "forest", [], { timeout }), CallTimeoutError);
  }

  expect(await session.call("workloads", "random_forest")).toEqual(before);
});

test("an abort that comes too late hits nothing: neither its own call nor the next", async () => {
  const session = await engine().session();
  const events = record(engine(), "session-recovery");

  for (let time = 0; time < 200; time++) {
    const controller = new AbortController();
    const call = session
      .call("echo", "echo", [time], { signal: controller.signal })
      .catch((error: unknown) => error);
    // As likely before the answer as after it.
    for (let turn = 0; turn < time % 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    const next = session.call("echo", "echo", ["next"]);

    const answer = await call;
    if (answer !== time) expect(answer).toBeInstanceOf(CallAbortedError);
    expect(await next).toBe("next");
  }

  expect(events).toEqual([]);
});

test("calls that wait behind one that is stopped are not stopped with it", async () => {
  const session = await engine().session();
  const holding = printed(engine(), "holding");
  const controller = new AbortController();
  const stopped = rejection(
    session.call("gate", "hold", [], { signal: controller.signal }),
    CallAbortedError,
  );
  const waiting = [1, 2, 3].map((value) => session.call("echo", "echo", [value]));
  await holding;

  controller.abort();

  await stopped;
  expect(await Promise.all(waiting)).toEqual([1, 2, 3]);
});

test("an import that is under way is not stopped in the middle", async () => {
  const session = await engine().session();

  const error = await rejection(
    session.call("imports_slowly", "loaded", [], { timeout: "100ms" }),
    CallTimeoutError,
  );

  expect(error.fate).toBe("cancelled");
  expect(await session.call("imports_slowly", "loaded")).toBe("loaded");
});
