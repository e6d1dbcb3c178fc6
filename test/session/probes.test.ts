import {
  CallAbortedError,
  CallTimeoutError,
  type Engine,
  MemoryLimitError,
  type Ref,
  type Session,
  SessionClosedError,
  WorkerDiedError,
} from "slither-ts";
import { describe, expect, test, vi } from "vitest";
import type { ExecutionOptions } from "../../src/session/execution-options.js";
import { Probes } from "../../src/session/probes.js";
import { quiet } from "../dispatch/deferred.js";
import { batchRequest } from "../helpers/batch-request.js";
import { sharedEngine, testEngine } from "../helpers/engine.js";
import { nextEvent, printed } from "../helpers/events.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { rejection } from "../helpers/rejection.js";
import { type ScriptedOptions, type ScriptedWorker, scriptedEngine } from "../pipe/scripted-engine.js";

const OPTIONS = { owner: "run", attempts: 3, changesState: false, timeoutFrom: "running" } as const;

function call(module: string, functionName: string, args: readonly unknown[] = []) {
  return {
    kind: "call" as const,
    module,
    function: functionName,
    args,
    kwargs: {},
    returns: "value" as const,
  };
}

describe("probes", () => {
  /** Probes of a session with a checkpoint; the workers are the session's, its checkpoint's, and from the third those of probes. */
  async function stand(
    options: ScriptedOptions = {},
  ): Promise<{ engine: Engine; session: Session; workers: ScriptedWorker[]; probes: Probes }> {
    const { engine, workers } = scriptedEngine({ forks: true, ...options });
    const session = await engine.session({ id: "a", checkpoint: "manual" });
    await session.checkpoint();
    return { engine, session, workers, probes: new Probes(session.lifecycle, session, session) };
  }

  function ask(probes: Probes, payload: number, options: Partial<ExecutionOptions> = {}): Promise<unknown> {
    const answer = probes
      .execute(batchRequest([payload]), { target: "model.predict" }, { ...OPTIONS, ...options })
      .then(({ batch }) => batch?.results);
    answer.catch(() => {});
    return answer;
  }

  /** Makes a session whose checkpoint is not its state any more. */
  async function change(session: Session, worker: ScriptedWorker | undefined): Promise<void> {
    const train = session.call("model", "train");
    await quiet();
    worker?.sent.at(-1)?.reply.resolve({ value: "trained", computeNanoseconds: 0 });
    await train;
  }

  const sentTo = (workers: readonly ScriptedWorker[]): number[] => workers.map(({ sent }) => sent.length);

  test("carry out a request in a copy of the checkpoint, not in the session", async () => {
    const { probes, workers } = await stand();
    const answer = ask(probes, 1);
    await quiet();

    workers[2]?.answer(0);

    expect(await answer).toEqual([1]);
    expect(sentTo(workers)).toEqual([0, 0, 1]);
    expect(workers[2]?.session).toBe("a");
  });

  test("are used again when they are idle", async () => {
    const { probes, workers } = await stand();
    for (const index of [0, 1, 2]) {
      const answer = ask(probes, index);
      await quiet();
      workers[2]?.answer(index);
      expect(await answer).toEqual([index]);
    }
    expect(workers).toHaveLength(3);
  });

  test("carry out one request each", async () => {
    const { probes, workers } = await stand();
    const answers = [ask(probes, 1), ask(probes, 2)];
    await quiet();

    expect(sentTo(workers)).toEqual([0, 0, 1, 1]);
    workers[2]?.answer(0);
    workers[3]?.answer(0);
    expect((await Promise.all(answers)).flat().sort()).toEqual([1, 2]);
  });

  test("are closed when nobody has used them for a while, and their slots given back", async () => {
    const { probes, workers, session } = await stand();
    const answer = ask(probes, 1);
    await quiet();
    const used = session.lifecycle.processes.used;
    workers[2]?.answer(0);
    await answer;

    await workers[2]?.ended;

    await quiet();
    expect(workers[2]?.killed).toBe(false);
    expect(session.lifecycle.processes.used).toBe(used - 1);
  });

  test("are at most eight; the ninth request waits for one of them", async () => {
    const { probes, workers } = await stand();
    const answers = Array.from({ length: 9 }, (_, index) => ask(probes, index));
    await quiet();
    expect(sentTo(workers)).toEqual([0, 0, ...Array(8).fill(1)]);

    workers[5]?.answer(0);
    await quiet();

    expect(workers).toHaveLength(10);
    expect(workers[5]?.sent).toHaveLength(2);
    for (const worker of workers.slice(2)) worker.answer(worker.sent.length - 1);
    expect((await Promise.all(answers)).flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("take process slots: without another one, a request waits for a probe that there is", async () => {
    const { probes, workers } = await stand({ maxProcesses: 3 });
    const answers = [ask(probes, 1), ask(probes, 2)];
    await quiet();
    expect(sentTo(workers)).toEqual([0, 0, 1]);

    workers[2]?.answer(0);
    await quiet();
    workers[2]?.answer(1);

    expect(await Promise.all(answers)).toEqual([[1], [2]]);
  });

  test("that die give their slot to whoever waits", async () => {
    const { probes, workers } = await stand({ maxProcesses: 3 });
    const answers = [ask(probes, 1), ask(probes, 2)];
    await quiet();

    workers[2]?.die("SIGSEGV");

    expect(await rejection(answers[0] as Promise<unknown>, WorkerDiedError)).toMatchObject({
      session: "a",
      signal: "SIGSEGV",
      during: "model.predict",
      pid: workers[2]?.pid,
    });
    await quiet();
    workers[3]?.answer(0);
    expect(await answers[1]).toEqual([2]);
  });

  describe("leave the request to the session", () => {
    async function expectFallback(probes: Probes, workers: ScriptedWorker[], before = 0): Promise<void> {
      const count = workers.length;
      const answer = ask(probes, 7);
      await quiet();
      workers[0]?.answer(before);
      expect(await answer).toEqual([7]);
      expect(workers.length).toBe(count);
    }

    test("where there is no slot for any", async () => {
      const { probes, workers } = await stand({ maxProcesses: 2 });
      await expectFallback(probes, workers);
    });

    test("where it has no checkpoint", async () => {
      const { engine, workers } = scriptedEngine();
      const session = await engine.session();
      await expectFallback(new Probes(session.lifecycle, session, session), workers);
    });

    test("where it has changed since its checkpoint, also when a probe is idle", async () => {
      const { probes, workers, session } = await stand();
      const answer = ask(probes, 1);
      await quiet();
      workers[2]?.answer(0);
      await answer;
      await change(session, workers[0]);
      await expectFallback(probes, workers, 1);
    });

    test("where its checkpoint cannot be copied, and take no slot for that", async () => {
      const { probes, workers, session } = await stand();
      vi.spyOn(workers[1] as ScriptedWorker, "fork").mockRejectedValue(new Error("refused"));
      await expectFallback(probes, workers);
      expect(session.lifecycle.processes.used).toBe(2);
    });

    test("where it was closed, which says so", async () => {
      const { probes, session } = await stand();
      await session.close();
      await rejection(ask(probes, 1), SessionClosedError);
    });
  });

  test("are made also while the session is on its way back", async () => {
    const { probes, workers, session } = await stand();
    workers[0]?.die("SIGKILL");
    await workers[0]?.ended;
    expect(session.state).toBe("recovering");

    const answer = ask(probes, 1);
    await quiet();

    const asked = workers.find(({ sent }) => sent.length > 0);
    asked?.answer(0);
    expect(await answer).toEqual([1]);
    expect(asked?.pid).not.toBe(session.pid);
  });

  test("of an earlier checkpoint are not used any more", async () => {
    const { probes, workers, session } = await stand();
    const first = ask(probes, 1);
    await quiet();
    workers[2]?.answer(0);
    await first;
    await change(session, workers[0]);
    await session.checkpoint();

    const second = ask(probes, 2);
    await quiet();

    expect(workers[2]).toMatchObject({ dead: true, sent: [{}] });
    workers.at(-1)?.answer(0);
    expect(await second).toEqual([2]);
  });

  test.each(["abort", "withdraw"] as const)(
    "are killed at once when their request is given up by `%s`, and not used again",
    async (signal) => {
      const { probes, workers } = await stand();
      const controller = new AbortController();
      const answer = ask(probes, 1, { [signal]: controller.signal });
      await quiet();

      controller.abort("enough");

      expect(workers[2]?.killed).toBe(true);
      expect((await rejection(answer, CallAbortedError)).cause).toBe("enough");
      const next = ask(probes, 2);
      await quiet();
      workers[3]?.answer(0);
      expect(await next).toEqual([2]);
    },
  );

  test("let a request that waits for one be given up, which never ran", async () => {
    const { probes, workers } = await stand({ maxProcesses: 3 });
    const controller = new AbortController();
    void ask(probes, 1);
    const waiting = ask(probes, 2, { withdraw: controller.signal });
    await quiet();

    controller.abort("left");

    expect(await rejection(waiting, CallAbortedError)).toMatchObject({ fate: "never ran", cause: "left" });
    workers[2]?.answer(0);
    await quiet();
    expect(workers[2]?.sent).toHaveLength(1);
  });

  test("are not used again after a request that passed its deadline, also when its code has stopped", async () => {
    const { probes, workers } = await stand({ heedsCancel: true });

    const error = await rejection(ask(probes, 1, { timeoutMs: 1 }), CallTimeoutError);

    expect(error.fate).toBe("cancelled");
    expect(workers[2]?.killed).toBe(true);
  });

  test("end at once when they are closed: who waits is rejected, slots are given back, and nothing is taken any more", async () => {
    const { probes, workers, session } = await stand({ maxProcesses: 3 });
    const running = ask(probes, 1);
    const waiting = ask(probes, 2);
    await quiet();

    await probes.close();

    expect(workers[2]?.killed).toBe(true);
    expect(session.lifecycle.processes.used).toBe(2);
    expect((await rejection(running, CallAbortedError)).fate).toBe("killed");
    expect((await rejection(waiting, CallAbortedError)).fate).toBe("never ran");
    expect((await rejection(ask(probes, 3), CallAbortedError)).fate).toBe("never ran");
    expect(workers[0]).toMatchObject({ dead: false, sent: [] });
  });

  test("that are being made when they are closed are gone then, too", async () => {
    const { probes, workers, session } = await stand();
    const asked = ask(probes, 1);

    await probes.close();

    await rejection(asked, CallAbortedError);
    expect(workers.slice(2).every(({ dead }) => dead)).toBe(true);
    expect(session.lifecycle.processes.used).toBe(2);
  });

  test("end with their session, whose end is what their requests fail with", async () => {
    const { probes, workers, session } = await stand();
    const running = ask(probes, 1);
    await quiet();

    await session.close();

    await rejection(running, SessionClosedError);
    expect(workers[2]?.killed).toBe(true);
  });
});

describe("probes of Python", () => {
  const engine = sharedEngine({ preload: ["numpy"] });

  async function stand(own: Engine = engine()): Promise<{ session: Session; probes: Probes }> {
    const session = await own.session({ limits: { cancelGrace: "50ms", memory: "64MB" } });
    await session.call("memory", "put", ["model", "trained"]);
    await session.checkpoint();
    return { session, probes: new Probes(session.lifecycle, session, session) };
  }

  test("have the state of the session, and a process of their own", async () => {
    const { session, probes } = await stand();
    const get = probes.execute(call("memory", "get", ["model"]), { target: "memory.get" }, OPTIONS);
    expect((await get).value).toBe("trained");
    const pid = probes.execute(call("process", "pid"), { target: "process.pid" }, OPTIONS);
    expect((await pid).value).not.toBe(session.pid);
    await probes.close();
  });

  test("die in its place", async () => {
    const { session, probes } = await stand();
    const { pid } = session;

    const error = await rejection(
      probes.execute(call("os", "abort"), { target: "os.abort" }, OPTIONS),
      WorkerDiedError,
    );

    expect(error).toMatchObject({ session: session.id, signal: "SIGABRT", during: "os.abort" });
    expect(error.pid).not.toBe(pid);
    expect(await session.call("process", "pid")).toBe(pid);
    await probes.close();
  });

  test("hang in its place, until the deadline, while it answers", async () => {
    const { session, probes } = await stand();
    const { pid } = session;
    const hanging = printed(engine(), "hanging on");
    const request = batchRequest([7], "batch_fate", "hang_on");
    const hung = rejection(
      probes.execute(request, { target: "batch_fate.hang_on" }, { ...OPTIONS, timeoutMs: 500 }),
      CallTimeoutError,
    );
    await hanging;

    expect(await session.call("process", "pid")).toBe(pid);

    expect((await hung).fate).toBe("killed");
    expect(await session.call("process", "pid")).toBe(pid);
    await probes.close();
  });

  test("have its memory limit", async () => {
    const { session, probes } = await stand();
    const { pid } = session;
    const request = call("hog", "take_at_once", [150]);

    const error = await rejection(
      probes.execute(request, { target: "hog.take_at_once" }, OPTIONS),
      MemoryLimitError,
    );

    expect(error.during).toBe("hog.take_at_once");
    expect(await session.call("process", "pid")).toBe(pid);
    await probes.close();
  });

  test("give back refs to what the session holds", async () => {
    const session = await engine().session();
    const counts = await session.create("collections", "Counter", [["x"]]);
    await session.checkpoint();
    const probes = new Probes(session.lifecycle, session, session);

    const request = call("copy", "copy", [[counts]]);
    const { value } = await probes.execute(request, { target: "copy.copy" }, OPTIONS);

    const [ref] = value as [Ref];
    expect(await ref.call("total")).toBe(1);
    await probes.close();
  });

  test("say who printed a line", async () => {
    const { session, probes } = await stand();
    const lines: unknown[] = [];
    const stop = engine().on("session-log", (event) => void lines.push(event));
    const pid = probes.execute(call("process", "pid"), { target: "process.pid" }, OPTIONS);
    const { value } = await pid;
    const line = printed(engine(), "from a probe");

    await probes.execute(call("builtins", "print", ["from a probe"]), { target: "print" }, OPTIONS);
    await line;
    stop();

    expect(lines).toEqual([{ session: session.id, pid: value, stream: "stdout", line: "from a probe" }]);
    await probes.close();
  });

  test("leave nothing behind when they are closed while they work", async () => {
    const own = await testEngine();
    const { session, probes } = await stand(own);
    const { used } = session.lifecycle.processes;
    const holding = nextEvent(own, "session-log", ({ line }) => line === "holding");
    const held = rejection(
      probes.execute(call("gate", "hold"), { target: "gate.hold" }, OPTIONS),
      CallAbortedError,
    );
    const { pid } = await holding;
    expect(pid).not.toBe(session.pid);
    expect(isAlive(pid as number)).toBe(true);

    await probes.close();

    expect(isAlive(pid as number)).toBe(false);
    expect((await held).fate).toBe("killed");
    expect(session.lifecycle.processes.used).toBe(used);
  });

  test("are gone when their engine is closed while they work, and did not die by themselves", async () => {
    const own = await testEngine();
    const { probes } = await stand(own);
    const holding = nextEvent(own, "session-log", ({ line }) => line === "holding");
    const held = rejection(
      probes.execute(call("gate", "hold"), { target: "gate.hold" }, OPTIONS),
      SessionClosedError,
    );
    const { pid } = await holding;

    await own.close();

    await held;
    expect(await isGone(pid as number)).toBe(true);
  });
});
