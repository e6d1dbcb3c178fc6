import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Session, SessionLostError, type SessionOptions, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import type { Worker, WorkerDeathError } from "../../src/engine.js";
import { Checkpoint } from "../../src/session/checkpoint.js";
import { restore } from "../../src/session/restore.js";
import { deferred } from "../dispatch/deferred.js";
import { crash, kept, kill } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { nextEvent } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";

const engine = sharedEngine();

/** Ends each copy while there is a file `name`; `then` is what is done with the file. */
const END_COPIES = `
def end_copies(name, then):
    import os
    import slither_worker
    def end():
        if os.path.exists(name):
            then(name)
            os._exit(7)
    slither_worker.after_fork(end)
`;

/** A session with a checkpoint that cannot be copied, once or at all; `memory.get("model")` is "trained" in it. */
async function uncopiable(
  { once }: { once: boolean },
  setup?: SessionOptions["setup"],
): Promise<{ session: Session; file: string; checkpoint: number }> {
  const session = await engine().session({ checkpoint: "manual", recovery: "accept-rollback", setup });
  const file = join(temporaryFolder(), "no copies");
  const then = once ? "os.remove" : "len";
  const code = `${END_COPIES}\nimport os\nend_copies(${JSON.stringify(file)}, ${then})`;
  await session.call("builtins", "exec", [code, {}]);
  await session.call("memory", "put", ["model", "trained"]);
  const event = kept(engine(), session.id);
  await session.checkpoint();
  writeFileSync(file, "");
  return { session, file, checkpoint: (await event).pid as number };
}

describe("a checkpoint that lives but cannot be copied", () => {
  test("is tried again, and the session goes back to it when that can be", async () => {
    const { session, file, checkpoint } = await uncopiable({ once: true });

    const { from, error } = await crash(engine(), session);

    expect(existsSync(file)).toBe(false);
    expect(from).toBe("checkpoint");
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(isAlive(checkpoint)).toBe(true);
    expect(await session.call("memory", "get", ["model"])).toBe("trained");
  });

  test("is given up in the end: the session is set up again, and the event says why", async () => {
    const setup = (session: Session) => session.call("memory", "put", ["model", "new"]);
    const { session, checkpoint } = await uncopiable({ once: false }, setup);

    const { from, error } = await crash(engine(), session);

    expect(from).toBe("setup");
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /was killed by SIGKILL.*; and its checkpoint could not be copied: .*did not become ready/,
      ),
      errors: [{ code: "SLITHER_WORKER_DIED" }, { code: "SLITHER_FORK_REFUSED" }],
      cause: { code: "SLITHER_FORK_REFUSED" },
    });
    expect(await isGone(checkpoint)).toBe(true);
    expect(await session.call("memory", "get", ["model"])).toBe("new");
  });

  test("loses a session that has nothing else, with that as the reason", async () => {
    const { session } = await uncopiable({ once: false });
    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    kill(session);

    const { error } = await failure;
    expect(error).toMatchObject({
      errors: [{ code: "SLITHER_WORKER_DIED" }, { code: "SLITHER_FORK_REFUSED" }],
      cause: { code: "SLITHER_FORK_REFUSED" },
    });
    expect((await rejection(session.call("echo", "echo"), SessionLostError)).cause).toBe(error);
  });

  test("loses it also when its setup fails then, with both as the reason", async () => {
    let times = 0;
    const { session } = await uncopiable({ once: false }, () => {
      times += 1;
      if (times > 1) throw new TypeError("no second time");
    });

    const failure = nextEvent(engine(), "session-failure", (event) => event.session === session.id);

    kill(session);

    expect((await failure).error).toMatchObject({
      errors: [expect.any(TypeError), { code: "SLITHER_FORK_REFUSED" }],
    });
  });
});

describe("a copy of a checkpoint is not tried again", () => {
  const request = {
    session: "a",
    reseed: false,
    onLog: () => {},
    resolveHandle: () => {
      throw new Error("no refs here");
    },
    memoryBytes: undefined,
  };

  /** A checkpoint that is never copied; `fork` is called each time that it is tried. */
  function fakeCheckpoint(fork: () => void): { checkpoint: Checkpoint; end: () => void } {
    const ended = deferred<WorkerDeathError>();
    const worker = {
      ended: ended.promise,
      fork: async () => {
        fork();
        throw new Error("no room");
      },
    };
    const death = { session: "a", pid: 1, signal: null, exitCode: 0, during: undefined, lastLines: [] };
    const checkpoint = new Checkpoint(worker as unknown as Worker, new Set());
    return { checkpoint, end: () => ended.resolve(new WorkerDiedError(death)) };
  }

  test("when its session ends", async () => {
    const over = new AbortController();
    let tries = 0;
    const { checkpoint } = fakeCheckpoint(() => {
      tries += 1;
      over.abort();
    });

    await expect(restore(checkpoint, request, over.signal)).rejects.toThrow("no room");

    expect(tries).toBe(1);
  });

  test("when the checkpoint is gone", async () => {
    let tries = 0;
    const { checkpoint, end } = fakeCheckpoint(() => {
      tries += 1;
      queueMicrotask(end);
    });

    await rejection(restore(checkpoint, request, new AbortController().signal), Error);

    expect(tries).toBe(1);
  });
});
