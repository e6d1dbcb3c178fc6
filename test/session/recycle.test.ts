import { type EngineEvents, type RecycleLimits, type Session, SessionRolledBackError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash, kept } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent, record } from "../helpers/events.js";

const engine = sharedEngine({ preload: ["numpy"] });

function recycled(session: Session): Promise<EngineEvents["session-recycle"]> {
  return nextEvent(engine(), "session-recycle", (event) => event.session === session.id);
}

function stays(id: string): Promise<EngineEvents["session-recycle-skip"]> {
  return nextEvent(engine(), "session-recycle-skip", (event) => event.session === id);
}

/** Sessions whose state, "trained", is kept as asked. */
async function open(recycle: RecycleLimits, from: "checkpoint" | "setup"): Promise<Session> {
  const session = await engine().session({
    checkpoint: "manual",
    limits: { recycle },
    setup: (session) => session.call("memory", "put", ["model", "trained"]),
  });
  if (from === "checkpoint") await session.checkpoint();
  return session;
}

function model(session: Session): Promise<unknown> {
  return session.call("memory", "get", ["model"], { idempotent: true });
}

describe.each(["checkpoint", "setup"] as const)(
  "a session gets a fresh process, made from its %s",
  (from) => {
    test("after so many calls", async () => {
      const session = await open({ calls: 5 }, from);
      const first = session.pid;
      const event = recycled(session);

      for (let call = 0; call < 5; call++) await model(session);

      const { pid, ...rest } = await event;
      expect(rest).toEqual({
        session: session.id,
        durationMs: expect.any(Number),
        from,
        reason: expect.stringMatching(/^it answered \d+ calls$/),
      });
      expect(pid).toBe(session.pid);
      expect(pid).not.toBe(first);
      expect(await model(session)).toBe("trained");
    });

    test("at a certain age, with the next call", async () => {
      const session = await open({ age: "1ms" }, from);
      const event = recycled(session);

      await model(session);

      expect((await event).reason).toMatch(/^its age is \d+ ms$/);
      expect(await model(session)).toBe("trained");
    });

    test("when it has so much memory", async () => {
      const session = await open({ memory: "50MB" }, from);
      const event = recycled(session);

      await session.call("hog", "leak", [80], { idempotent: true });

      expect((await event).reason).toMatch(/^it has \d+ bytes of memory$/);
      expect(session.lifecycle.worker.memoryBytes()).toBeLessThan(50 * 2 ** 20);
      expect(await model(session)).toBe("trained");
    });

    test("while a stream of calls goes on, of which none fails or is lost", async () => {
      const session = await open({ calls: 20 }, from);
      const events = record(engine(), "session-recycle", "session-recovery");
      const answers = new Set<unknown>();
      const pids = new Set<unknown>();

      while (pids.size < 4) {
        const burst = Array.from({ length: 10 }, () => model(session));
        for (const answer of await Promise.all(burst)) answers.add(answer);
        pids.add(await session.call("process", "pid", [], { idempotent: true }));
      }

      expect([...answers]).toEqual(["trained"]);
      const own = events.filter(({ event }) => event.session === session.id);
      expect(new Set(own.map(({ name }) => name))).toEqual(new Set(["session-recycle"]));
    });
  },
);

describe("refs", () => {
  test("mean the same objects in the fresh process that is made from a checkpoint", async () => {
    const session = await engine().session({ checkpoint: "manual", limits: { recycle: { calls: 3 } } });
    const refs = await session.create("model", "Model", [], { kwargs: { rate: 3 } });
    await session.checkpoint();
    const event = recycled(session);
    for (let call = 0; call < 3; call++) await session.call("echo", "echo", [], { idempotent: true });
    await event;

    expect(await refs.call("predict", [2])).toBe(6);
  });
});

describe("a session keeps its process", () => {
  test("while calls have changed its state since its checkpoint, and says so once", async () => {
    const session = await open({ calls: 1 }, "checkpoint");
    const events = record(engine(), "session-recycle", "session-recycle-skip");
    const skip = stays(session.id);

    for (let call = 0; call < 5; call++) await session.call("counter", "increment");

    expect(await skip).toEqual({
      session: session.id,
      pid: session.pid,
      reason: "calls have changed its state since its checkpoint",
    });
    const own = events.filter(({ event }) => event.session === session.id);
    expect(own.map(({ name }) => name)).toEqual(["session-recycle-skip"]);
  });

  test("until that state is kept", async () => {
    const session = await open({ calls: 1 }, "checkpoint");
    await session.call("counter", "increment");
    const event = recycled(session);

    await session.checkpoint();

    expect((await event).from).toBe("checkpoint");
    expect(await session.call("counter", "increment")).toBe(2);
  });

  test("where that is automatic, until it was idle", async () => {
    const session = await engine().session({ limits: { recycle: { calls: 1 } } });
    const event = recycled(session);

    await session.call("counter", "increment");

    expect((await event).from).toBe("checkpoint");
    expect(await session.call("counter", "increment")).toBe(2);
  });

  test("when it has neither a checkpoint nor a setup", async () => {
    const session = await engine().session({
      id: "bare",
      checkpoint: "manual",
      limits: { recycle: { calls: 1 } },
    });
    const skip = stays("bare");

    await session.call("echo", "echo", [], { idempotent: true });

    expect((await skip).reason).toBe("it has neither a checkpoint nor a setup");
  });

  test("when refs are held on its objects that a setup would not make again", async () => {
    const session = await engine().session({
      id: "with refs",
      checkpoint: "manual",
      limits: { recycle: { calls: 1 } },
      setup: async (session) => {
        await session.create("model", "Model");
      },
    });
    const skip = stays("with refs");

    await session.call("echo", "echo", [], { idempotent: true });

    expect((await skip).reason).toBe("refs are held on its objects, and it has no checkpoint");
  });

  test("when a fresh one has as much memory, and makes no other again and again", async () => {
    const session = await engine().session({
      id: "large",
      checkpoint: "manual",
      limits: { recycle: { memory: "50MB" } },
    });
    await session.call("hog", "leak", [80]);
    const skip = nextEvent(
      engine(),
      "session-recycle-skip",
      (event) => event.session === "large" && event.reason.startsWith("a fresh"),
    );
    const event = recycled(session);
    await session.checkpoint();
    const { pid } = await event;

    for (let call = 0; call < 10; call++) await model(session);

    expect((await skip).reason).toBe("a fresh process has more memory than the limit of 52428800 bytes");
    expect(session.pid).toBe(pid);
  });

  test("when its setup fails, and does not try that again with every call", async () => {
    let times = 0;
    const session = await engine().session({
      id: "failing",
      checkpoint: "manual",
      limits: { recycle: { calls: 1 } },
      setup: () => {
        times += 1;
        if (times > 1) throw new TypeError("no second time");
      },
    });
    const skip = stays("failing");

    await model(session);
    expect((await skip).reason).toBe("no second time");
    for (let call = 0; call < 10; call++) await model(session);

    expect(times).toBe(2);
    expect(session.state).toBe("ready");
  });
});

test("a fresh process that is made from a checkpoint does not take over when there is a newer one", async () => {
  const session = await open({ calls: 3 }, "checkpoint");
  const pids = new Set<unknown>();
  // Each fresh process is overtaken by a change that is kept, until one is not.
  for (let time = 1; time <= 10; time++) {
    await Promise.all([model(session), model(session), model(session)]);
    await Promise.all([session.call("counter", "increment"), session.checkpoint()]);
    pids.add(session.pid);
    expect(await session.call("counter", "increment")).toBe(2 * time);
    await session.checkpoint();
  }
});

test("a session can be brought back after it was recycled", async () => {
  const session = await open({ calls: 2 }, "checkpoint");
  const event = recycled(session);
  await Promise.all([model(session), model(session)]);
  await event;

  expect(await crash(engine(), session)).toMatchObject({ from: "checkpoint", lostCount: 0 });
  expect(await model(session).catch((error) => error)).not.toBeInstanceOf(SessionRolledBackError);
});

test("a session that is closed while a fresh process is made leaves none behind", async () => {
  const event = kept(engine(), "closing");
  const session = await engine().session({
    id: "closing",
    limits: { recycle: { calls: 1 } },
    setup: (session) => session.call("counter", "increment"),
  });
  await event;
  await model(session);

  await session.close();

  expect(session.state).toBe("closed");
});
