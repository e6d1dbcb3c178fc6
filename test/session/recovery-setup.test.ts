import {
  type Ref,
  RefError,
  type Session,
  SessionClosedError,
  SessionLostError,
  SessionRolledBackError,
  WorkerDiedError,
} from "slither-ts";
import { describe, expect, test } from "vitest";
import { crash, kept, kill } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent, printed } from "../helpers/events.js";
import { rejection } from "../helpers/rejection.js";

const engine = sharedEngine();

describe("a session without a checkpoint is set up again", () => {
  test("and is what setup makes of it", async () => {
    const session = await engine().session({
      checkpoint: "manual",
      setup: (session) => session.call("memory", "put", ["model", "trained"]),
    });

    const event = await crash(engine(), session);

    expect(event).toMatchObject({ from: "setup", lostCount: 0 });
    expect(await session.call("memory", "get", ["model"])).toBe("trained");
  });

  test("before any call that waits", async () => {
    const session = await engine().session({
      checkpoint: "manual",
      setup: (session) => session.call("order", "note", ["setup"]),
    });
    const crashed = crash(engine(), session);

    const noted = session.call("order", "note", ["call"], { idempotent: true });

    await Promise.all([crashed, noted]);
    expect(await session.call("order", "notes")).toEqual(["setup", "call"]);
  });

  test("and tells which calls after setup are lost", async () => {
    const session = await engine().session({
      checkpoint: "manual",
      setup: (session) => session.call("counter", "increment"),
    });
    await session.call("memory", "put", ["key", 1]);
    await crash(engine(), session);

    const error = await rejection(session.call("counter", "increment"), SessionRolledBackError);

    expect(error).toMatchObject({ from: "setup", lostCalls: ["memory.put"], lostCount: 1 });
    expect(await session.call("counter", "increment")).toBe(2);
  });

  test("and then kept again, where that is automatic", async () => {
    const first = kept(engine(), "kept again");
    const session = await engine().session({
      id: "kept again",
      setup: (session) => session.call("counter", "increment"),
    });
    process.kill((await first).pid as number, "SIGKILL");
    kill(session);

    const { pid } = await kept(engine(), "kept again");

    expect(pid).not.toBe((await first).pid);
  });

  test("with a setup that makes a checkpoint itself", async () => {
    const event = kept(engine(), "keeps itself");
    const session = await engine().session({
      id: "keeps itself",
      checkpoint: "manual",
      setup: async (session) => {
        await session.call("counter", "increment");
        await session.checkpoint();
      },
    });
    const first = await event;
    const again = kept(engine(), "keeps itself");
    process.kill(first.pid as number, "SIGKILL");
    await crash(engine(), session);

    await again;

    expect((await crash(engine(), session)).from).toBe("checkpoint");
    expect(await session.call("counter", "increment")).toBe(2);
  });
});

describe("refs and setup", () => {
  /** A session whose setup makes a ref, and tells it. */
  async function withRef(): Promise<{ session: Session; refs: Ref[] }> {
    const refs: Ref[] = [];
    const session = await engine().session({
      checkpoint: "manual",
      setup: async (session) => {
        refs.push(await session.create("model", "Model", [], { kwargs: { rate: 3 } }));
      },
    });
    return { session, refs };
  }

  test("the refs that setup makes again can be used, as those of the session", async () => {
    const { session, refs } = await withRef();
    await crash(engine(), session);

    const [, again] = refs as [Ref, Ref];

    expect(await again.call("predict", [2])).toBe(6);
    expect(await session.call("model", "is_same", [again, again])).toBe(true);
  });

  test("the refs from before are refused, with the reason", async () => {
    const { session, refs } = await withRef();
    await crash(engine(), session);

    const error = await rejection((refs[0] as Ref).call("predict", [2]), RefError);

    expect(error.message).toBe(
      `session ${session.id}: the ref to the model.Model was made before its session was set up again, and cannot be used any more`,
    );
  });

  test("a call that waits with such a ref does not get whatever has its number now", async () => {
    const { session, refs } = await withRef();
    const holding = printed(engine(), "holding");
    const running = rejection(session.call("gate", "hold"), WorkerDiedError);
    const waiting = rejection((refs[0] as Ref).call("fit", [[1]]), RefError);
    const asArgument = rejection(session.call("model", "sum_of", [refs[0]]), RefError);
    await holding;

    kill(session);

    await Promise.all([running, waiting, asArgument]);
    expect(await (refs[1] as Ref).get("sum_")).toBe(0);
  });

  test("a release that waits does not let go of whatever has its number now", async () => {
    const { session, refs } = await withRef();
    const holding = printed(engine(), "holding");
    const running = rejection(session.call("gate", "hold"), WorkerDiedError);
    await holding;

    (refs[0] as Ref).release();
    kill(session);

    await running;
    expect(await session.call("echo", "echo", [1])).toBe(1);
    expect(await (refs[1] as Ref).call("predict", [2])).toBe(6);
  });
});

describe("a setup that cannot be run again", () => {
  test("loses the session, with what it has thrown as the reason", async () => {
    let times = 0;
    const session = await engine().session({
      checkpoint: "manual",
      setup: () => {
        times += 1;
        if (times > 1) throw new TypeError("no second time");
      },
    });
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    kill(session);

    expect((await failure).error).toBeInstanceOf(TypeError);
    expect((await rejection(session.call("echo", "echo"), SessionLostError)).cause).toBeInstanceOf(TypeError);
  });

  test("loses the session also when it has thrown nothing that is an error, and no call waits for ever", async () => {
    let times = 0;
    const session = await engine().session({
      checkpoint: "manual",
      setup: () => {
        times += 1;
        if (times > 1) throw undefined;
      },
    });
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    kill(session);

    expect((await failure).error).toMatchObject({ message: "its setup threw `undefined`" });
    await rejection(session.call("echo", "echo"), SessionLostError);
  });

  test("because it forks its session then, loses it with that as the reason", async () => {
    const session = await engine().session({
      checkpoint: "manual",
      setup: async (session) => {
        await session.fork();
      },
    });
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    kill(session);

    expect((await failure).error).toMatchObject({ reason: "its setup is running again" });
  });

  test("whose worker dies by itself runs once more", async () => {
    let times = 0;
    const session = await engine().session({
      checkpoint: "manual",
      setup: async (session) => {
        times += 1;
        if (times === 2) await session.call("killer", "kill_self");
        await session.call("memory", "put", ["times", times]);
      },
    });

    kill(session);

    expect(await session.call("memory", "get", ["times"], { idempotent: true })).toBe(3);
  });

  test("whose worker dies fails the calls that it goes on to make, and does not hang", async () => {
    let times = 0;
    const session = await engine().session({
      checkpoint: "manual",
      setup: async (session) => {
        times += 1;
        if (times === 1) return;
        await session.call("killer", "kill_self").catch(() => {});
        await session.call("echo", "echo");
      },
    });

    kill(session);

    const call = session.call("echo", "echo", [], { idempotent: true });
    const error = await rejection(call, SessionLostError);
    expect(error.cause).toBeInstanceOf(SessionLostError);
  });

  test("because it waits for something else than Python, for ever, does not keep its session from being closed", async () => {
    let times = 0;
    let enter: () => void = () => {};
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
    });
    const session = await engine().session({
      checkpoint: "manual",
      setup: async () => {
        times += 1;
        if (times === 1) return;
        enter();
        await new Promise(() => {});
      },
    });
    kill(session);
    await entered;

    const stop = nextEvent(engine(), "session-stop", (event) => event.session === session.id);

    await session.close({ timeout: "50ms" });

    expect(session.state).toBe("closed");
    await stop;
  });

  test("because it never ends does not keep its session from being closed", async () => {
    let times = 0;
    const session = await engine().session({
      checkpoint: "manual",
      setup: async (session) => {
        times += 1;
        if (times > 1) await session.call("gate", "hold");
      },
    });
    const holding = printed(engine(), "holding");
    kill(session);
    await holding;
    const waiting = rejection(session.call("echo", "echo"), SessionClosedError);

    await session.close({ timeout: "50ms" });

    await waiting;
  });
});
