import { type Engine, type Session, SessionLostError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash, kept, parentOf } from "../helpers/crash.js";
import { testEngine } from "../helpers/engine.js";
import { nextEvent, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

/** A session that is kept in a process of its own. */
async function open(
  engine: Engine,
  checkpoint: "auto" | "manual" = "auto",
  setup?: (session: Session) => unknown,
): Promise<{ session: Session; keeping: number }> {
  const event = nextEvent(engine, "session-checkpoint");
  const session = await engine.session({ checkpoint, setup });
  await session.call("memory", "put", ["model", "trained"]);
  await session.checkpoint();
  return { session, keeping: (await event).pid as number };
}

function model(session: Session): Promise<unknown> {
  return session.call("memory", "get", ["model"], { idempotent: true });
}

/** Node tells of the death of a forkserver as a warning. */
async function killForkserver(session: Session): Promise<void> {
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  process.kill(parentOf(session.pid as number), "SIGKILL");
  expect((await warned).message).toContain("died, killed by SIGKILL");
}

describe("when the process that keeps a state is killed", () => {
  test("another one takes its place, and the session does not notice", async () => {
    const engine = await testEngine();
    const { session, keeping } = await open(engine);
    const again = kept(engine, session.id);

    process.kill(keeping, "SIGKILL");

    expect((await again).pid).not.toBe(keeping);
    expect(await crash(engine, session)).toMatchObject({ from: "checkpoint", lostCount: 0 });
    expect(await model(session)).toBe("trained");
  });

  test("together with the session, the session is set up again, and tells what is lost", async () => {
    const engine = await testEngine();
    const { session, keeping } = await open(engine, "manual", (session) =>
      session.call("memory", "put", ["model", "untrained"]),
    );
    const back = nextEvent(engine, "session-recovery");

    process.kill(keeping, "SIGKILL");
    process.kill(session.pid as number, "SIGKILL");

    expect(await back).toMatchObject({ from: "setup", lostCalls: ["memory.put"], lostCount: 1 });
    expect(session.state).toBe("ready");
  });

  test("together with a session that has no setup, the session is lost, with its own death as the reason", async () => {
    const engine = await testEngine();
    const { session, keeping } = await open(engine, "manual");
    const failure = nextEvent(engine, "session-failure");
    const { pid } = session;

    process.kill(keeping, "SIGKILL");
    process.kill(pid as number, "SIGKILL");

    expect((await failure).error).toMatchObject({ pid });
  });

  test("again and again, that is given up until the session is used", async () => {
    const engine = await testEngine();
    const { session, keeping } = await open(engine);
    const events = record(engine, "session-checkpoint");
    engine.on("session-checkpoint", (event) => {
      process.kill(event.pid as number, "SIGKILL");
    });
    const third = new Promise<void>((resolve) => {
      engine.on("session-checkpoint", () => {
        if (events.length === 3) resolve();
      });
    });

    process.kill(keeping, "SIGKILL");
    await third;
    // What a killed copy would bring about comes before the answer to this.
    const other = await engine.session();
    await other.close();

    expect(events).toHaveLength(3);
    expect(session.state).toBe("ready");
  });
});

describe("when the forkserver is killed", () => {
  test("a session with setup comes back through it", async () => {
    const engine = await testEngine();
    const { session } = await open(engine, "auto", (session) =>
      session.call("memory", "put", ["model", "untrained"]),
    );
    const back = nextEvent(engine, "session-recovery");

    await killForkserver(session);

    expect(await back).toMatchObject({ from: "setup", lostCalls: ["memory.put"], lostCount: 1 });
    await session.call("echo", "echo").catch(() => {});
    expect(await model(session)).toBe("untrained");
  });

  test("a session without setup is lost, also one that was kept", async () => {
    const engine = await testEngine();
    const { session } = await open(engine);
    const failure = nextEvent(engine, "session-failure");

    await killForkserver(session);

    await failure;
    await rejection(model(session), SessionLostError);
  });

  test("every session of the engine comes back, and new ones can be opened", async () => {
    const engine = await testEngine();
    const sessions = await Promise.all(
      [1, 2, 3].map(() =>
        engine.session({ setup: (session) => session.call("memory", "put", ["model", session.id]) }),
      ),
    );
    const back = sessions.map(({ id }) =>
      nextEvent(engine, "session-recovery", (event) => event.session === id),
    );

    await killForkserver(sessions[0] as Session);

    await Promise.all(back);
    expect(await Promise.all(sessions.map(model))).toEqual(sessions.map(({ id }) => id));
    expect((await engine.session()).state).toBe("ready");
  });
});
