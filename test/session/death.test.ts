import { SessionLostError, WorkerDiedError } from "slither-ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent, printed } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine();

test("a worker that is killed during a call is told by pid, signal and call", async () => {
  const session = await engine().session({ id: "a" });

  const error = await rejection(session.call("killer", "kill_self"), WorkerDiedError);

  expect(error.message).toBe(
    `session a: worker ${session.pid} was killed by SIGKILL during killer.kill_self`,
  );
  expect(error).toMatchObject({
    session: "a",
    pid: session.pid,
    signal: "SIGKILL",
    exitCode: null,
    during: "killer.kill_self",
    lastLines: [],
  });
});

test("a worker that leaves during a call is told by its exit code", async () => {
  const session = await engine().session({ id: "b" });

  const error = await rejection(session.call("killer", "leave", [3]), WorkerDiedError);

  expect(error.message).toBe(`session b: worker ${session.pid} exited with code 3 during killer.leave`);
  expect(error).toMatchObject({ signal: null, exitCode: 3 });
});

test("a worker that crashes in C code is told with what it last wrote, and where it was", async () => {
  const session = await engine().session({ id: "c" });

  const error = await rejection(session.call("killer", "segfault"), WorkerDiedError);

  expect(error.signal).toBe("SIGSEGV");
  expect(error.message).toMatch(
    /^session c: worker \d+ was killed by SIGSEGV during killer\.segfault; it last wrote:\n/,
  );
  expect(error.lastLines).toContain("about to crash");
  expect(error.lastLines).toContain("Fatal Python error: Segmentation fault");
  expect(error.lastLines.join("\n")).toMatch(/killer\.py", line \d+ in segfault/);
});

test("a worker that closes its channel and then leaves is told by its exit code", async () => {
  const session = await engine().session();

  const error = await rejection(session.call("killer", "close_channel_and_leave", [4]), WorkerDiedError);

  expect(error).toMatchObject({ exitCode: 4, signal: null, during: "killer.close_channel_and_leave" });
});

test("a worker that closes its channel and lives on is killed, as it can answer nothing any more", async () => {
  const session = await engine().session();

  const error = await rejection(session.call("killer", "close_channel"), WorkerDiedError);

  expect(error).toMatchObject({ exitCode: null, signal: "SIGKILL" });
});

test("a worker that is killed from outside fails the call that runs, and every call that waits, by name", async () => {
  const session = await engine().session({ id: "d" });
  const holding = printed(engine(), "holding");
  const running = rejection(session.call("gate", "hold"), WorkerDiedError);
  const waiting = [1, 2].map((value) => rejection(session.call("echo", "echo", [value]), SessionLostError));
  await holding;

  process.kill(session.pid as number, "SIGKILL");

  const death = await running;
  expect(death.message).toMatch(/^session d: worker \d+ was killed by SIGKILL during gate\.hold/);
  for (const error of await Promise.all(waiting)) {
    expect(error.cause).toBe(death);
    expect(error.message).toContain(death.message);
  }
});

describe("after the death of its worker", () => {
  test("a session is lost as soon as its call has failed", async () => {
    const session = await engine().session();

    const state = await session.call("killer", "kill_self").catch(() => session.state);

    expect(state).toBe("lost");
  });

  test("every call says that the session is lost, and why", async () => {
    const session = await engine().session({ id: "e" });
    const death = await rejection(session.call("killer", "kill_self"), WorkerDiedError);

    const error = await rejection(session.call("echo", "echo", [1]), SessionLostError);

    expect(error.message).toBe(`session e is lost, open a new one: ${death.message}`);
    expect(error).toMatchObject({ session: "e", cause: death });
  });

  test("closing the session does nothing", async () => {
    const session = await engine().session();
    await rejection(session.call("killer", "kill_self"), WorkerDiedError);

    await session.close();

    expect(session.state).toBe("lost");
  });

  test("its id is free for a new session, which starts empty", async () => {
    const first = await engine().session({ id: "again" });
    await first.call("memory", "put", ["key", "old"]);
    await rejection(first.call("killer", "kill_self"), WorkerDiedError);

    const second = await engine().session({ id: "again" });

    expect(await second.call("memory", "get", ["key"])).toBeNull();
    expect(second.pid).not.toBe(first.pid);
  });

  test("other sessions go on", async () => {
    const [doomed, other] = await Promise.all([engine().session(), engine().session()]);
    await other.call("counter", "increment");

    await rejection(doomed.call("killer", "kill_self"), WorkerDiedError);

    expect(await other.call("counter", "increment")).toBe(2);
  });

  test("what it had started is gone, too", async () => {
    const session = await engine().session();
    const child = await session.call<number>("children", "start_child");

    await rejection(session.call("killer", "leave", [1]), WorkerDiedError);

    expect(await isGone(child)).toBe(true);
  });
});

test("a process that a worker has started apart from itself does not keep its death from being told", async () => {
  const session = await engine().session();
  const daemon = await session.call<number>("children", "start_daemon");
  onTestFinished(() => {
    process.kill(daemon, "SIGKILL");
  });

  await rejection(session.call("killer", "leave", [1]), WorkerDiedError);

  expect(isAlive(daemon)).toBe(true);
});

test("a worker that dies while it is idle loses its session, without a call to notice it", async () => {
  const session = await engine().session({ id: "idle" });
  const failure = nextEvent(engine(), "session-failure", (event) => event.session === "idle");

  process.kill(session.pid as number, "SIGKILL");

  const { error } = await failure;
  expect(error).toBeInstanceOf(WorkerDiedError);
  expect((error as WorkerDiedError).message).toBe(
    `session idle: worker ${session.pid} was killed by SIGKILL while it was idle`,
  );
  expect(session.state).toBe("lost");
  expect(engine().sessions.has("idle")).toBe(false);
});
