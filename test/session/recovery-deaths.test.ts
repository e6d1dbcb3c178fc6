import { join } from "node:path";
import { CallTimeoutError, type Session, SessionRolledBackError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { kill, recovered } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { printed, record } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";

const engine = sharedEngine();

/** A session that goes back to the state in which `memory.get("model")` is "trained". */
async function trained(): Promise<Session> {
  const session = await engine().session({ limits: { cancelGrace: "50ms" } });
  await session.call("memory", "put", ["model", "trained"]);
  await session.checkpoint();
  return session;
}

async function model(session: Session): Promise<unknown> {
  return session.call("memory", "get", ["model"], { idempotent: true });
}

describe("whichever way its worker dies during a call, the call fails and the session is back", () => {
  test.each<[string, string, unknown[], object]>([
    ["killed by a signal", "kill_self", [], { signal: "SIGKILL" }],
    ["a crash in C code", "segfault", [], { signal: "SIGSEGV" }],
    ["left by os._exit", "leave", [3], { exitCode: 3 }],
    ["its channel closed", "close_channel", [], { signal: "SIGKILL" }],
  ])("%s", async (_, how, args, fields) => {
    const session = await trained();

    const error = await rejection(session.call("killer", how, args), WorkerDiedError);

    expect(error).toMatchObject({ ...fields, during: `killer.${how}` });
    expect(await model(session)).toBe("trained");
  });

  test("stopped for 2 s", async () => {
    const session = await trained();
    const holding = printed(engine(), "holding");
    const call = rejection(session.call("gate", "hold"), WorkerDiedError);
    await holding;

    kill(session, "SIGSTOP");

    expect((await call).reason).toBe("it had been stopped for 2 s");
    expect(await model(session)).toBe("trained");
  });

  test("killed because C code did not end by its deadline", async () => {
    const session = await trained();

    const error = await rejection(
      session.call("stubborn", "in_c", [], { timeout: "300ms" }),
      CallTimeoutError,
    );

    expect(error.fate).toBe("killed");
    expect(await model(session)).toBe("trained");
  });
});

describe("a call that was running when the worker died", () => {
  test("is not made again when it is a plain one", async () => {
    const session = await trained();
    const back = recovered(engine(), session);

    const error = await rejection(session.call("killer", "kill_self"), WorkerDiedError);

    expect((await back).error).toBe(error);
    // It failed by itself, so it is not among what was lost.
    expect((await back).lostCount).toBe(0);
  });

  test("is made again when it is idempotent, and nobody sees that it was", async () => {
    const session = await trained();
    const holding = printed(engine(), "holding");
    const call = session.call("gate", "hold_once", [join(temporaryFolder(), "held")], { idempotent: true });
    await holding;

    kill(session);

    expect(await call).toBe("through");
  });

  test("is made three times at most, and fails with the last death", async () => {
    const session = await trained();
    const events = record(engine(), "session-recovery");

    const error = await rejection(
      session.call("killer", "kill_self", [], { idempotent: true }),
      WorkerDiedError,
    );

    expect(await model(session)).toBe("trained");
    const own = events.filter(({ event }) => event.session === session.id);
    expect(own).toHaveLength(3);
    expect(own.at(-1)?.event.error).toBe(error);
  });

  test("is told when it would be made again on a state that has gone back", async () => {
    const session = await trained();
    await session.call("memory", "put", ["model", "trained again"]);
    const holding = printed(engine(), "holding");
    const call = session.call("gate", "hold", [], { idempotent: true });
    await holding;

    kill(session);

    expect((await rejection(call, SessionRolledBackError)).lostCalls).toEqual(["memory.put"]);
  });

  test("keeps its place before those that wait", async () => {
    const session = await trained();
    const holding = printed(engine(), "holding");
    const finished: string[] = [];
    const first = session
      .call("gate", "hold_once", [join(temporaryFolder(), "held")], { idempotent: true })
      .then(() => finished.push("first"));
    const second = session.call("echo", "echo").then(() => finished.push("second"));
    await holding;

    kill(session);
    await Promise.all([first, second]);

    expect(finished).toEqual(["first", "second"]);
  });
});
