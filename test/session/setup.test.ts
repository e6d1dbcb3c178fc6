import { PythonError, type Session, SessionClosedError, SessionLostError, WorkerDiedError } from "slither-ts";
import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { record } from "../helpers/events.js";
import { isAlive } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";

test("setup runs before anybody else can use the session", async () => {
  const engine = await testEngine();

  const session = await engine.session({
    setup: (session) => session.call("memory", "put", ["model", "trained"]),
  });

  expect(await session.call("memory", "get", ["model"])).toBe("trained");
});

test("a setup that fails leaves nothing open, and says what failed", async () => {
  const engine = await testEngine();
  const events = record(engine, "session-start", "session-stop", "session-failure");
  let pid: number | undefined;

  const error = await rejection(
    engine.session({
      id: "a",
      setup: (session) => {
        pid = session.pid;
        return session.call("raiser", "simple");
      },
    }),
    PythonError,
  );

  expect(isAlive(pid as number)).toBe(false);
  expect(engine.sessions.size).toBe(0);
  expect(events).toEqual([
    { name: "session-failure", event: { session: "a", pid, durationMs: expect.any(Number), error } },
  ]);
  expect((await engine.session({ id: "a" })).state).toBe("ready");
});

test("a setup that throws outside Python fails the session with what it has thrown", async () => {
  const engine = await testEngine();
  const reason = new TypeError("no configuration");

  const opening = engine.session({
    setup: () => {
      throw reason;
    },
  });

  expect(await rejection(opening, TypeError)).toBe(reason);
});

test("a setup whose worker dies fails the session once", async () => {
  const engine = await testEngine();
  const events = record(engine, "session-start", "session-stop", "session-failure");

  const error = await rejection(
    engine.session({ id: "a", setup: (session) => session.call("killer", "kill_self") }),
    WorkerDiedError,
  );

  expect(events.map(({ name, event }) => [name, event.session])).toEqual([["session-failure", "a"]]);
  expect(events[0]?.event).toMatchObject({ error });
});

test("a setup that does not mind the death of its worker does not give out a session", async () => {
  const engine = await testEngine();
  const setup = (session: Session) => session.call("killer", "kill_self").catch(() => {});

  const error = await rejection(engine.session({ setup }), SessionLostError);

  expect(error.cause).toBeInstanceOf(WorkerDiedError);
});

test("a setup that closes its session does not give it out", async () => {
  const engine = await testEngine();

  await rejection(engine.session({ setup: (session) => session.close() }), SessionClosedError);

  expect(engine.sessions.size).toBe(0);
});
