import { type Engine, ForkRefusedError, type Session, SessionLostError, WorkerDiedError } from "slither-ts";
import { describe, expect, test } from "vitest";
import { kept, kill } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";
import { rejection } from "../helpers/rejection.js";
import { type ScriptedWorker, scriptedEngine } from "../pipe/scripted-engine.js";

const { signal } = new AbortController();

interface Scripted {
  readonly engine: Engine;
  readonly workers: ScriptedWorker[];
  readonly session: Session;
}

/** A session whose worker is the first; `setup`: whether it comes back when that dies. */
async function scriptedSession({ setup }: { setup: boolean }): Promise<Scripted> {
  const { engine, workers } = scriptedEngine({ forks: true });
  const session = await engine.session({
    id: "a",
    checkpoint: "manual",
    setup: setup ? () => {} : undefined,
  });
  return { engine, workers, session };
}

/** Dies when it is to be copied. */
function diesOfCopies(worker: ScriptedWorker): void {
  const fork = worker.fork.bind(worker);
  worker.fork = (request) => {
    worker.die("SIGKILL");
    return fork(request);
  };
}

/** Every process that keeps a copy of this one's state dies when it is to be copied. */
function keptByMortals(worker: ScriptedWorker): void {
  const fork = worker.fork.bind(worker);
  worker.fork = async (request) => {
    const copy = await fork(request);
    if (copy.purpose === "checkpoint") diesOfCopies(copy);
    return copy;
  };
}

describe("replicas are made all the same", () => {
  test("when the process that keeps the session's state dies while they are made", async () => {
    const { workers, session } = await scriptedSession({ setup: false });
    await session.checkpoint();
    diesOfCopies(workers[1] as ScriptedWorker);

    const replicas = await session.replicas(2, signal);

    expect(replicas.width).toBe(2);
  });

  test("when the session's worker dies while its state is kept for them, and the session comes back", async () => {
    const { workers, session } = await scriptedSession({ setup: true });
    diesOfCopies(workers[0] as ScriptedWorker);

    const replicas = await session.replicas(2, signal);

    expect(replicas.width).toBe(2);
  });
});

describe("replicas of real processes are made all the same", () => {
  const engine = sharedEngine();

  test("when the process that keeps the session's state was killed, and Node has not heard of it", async () => {
    const session = await engine().session({ id: "kept", checkpoint: "manual" });
    const event = kept(engine(), "kept");
    await session.checkpoint();
    process.kill((await event).pid as number, "SIGKILL");

    const replicas = await session.replicas(2, signal);

    expect(replicas.width).toBe(2);
    await replicas.close();
  });

  test("when the session's worker was killed, and Node has not heard of it", async () => {
    const session = await engine().session({ checkpoint: "manual", setup: () => {} });
    kill(session);

    const replicas = await session.replicas(2, signal);

    expect(replicas.width).toBe(2);
    await replicas.close();
  });
});

describe("replicas are refused", () => {
  test("when each process that keeps the state dies, after a few, none of which is called the session's worker", async () => {
    const { workers, session } = await scriptedSession({ setup: false });
    keptByMortals(workers[0] as ScriptedWorker);

    const error = await rejection(session.replicas(2, signal), ForkRefusedError);

    const keeping = workers.filter(({ purpose }) => purpose === "checkpoint");
    expect(keeping).toHaveLength(3);
    expect(error.message).toBe(
      `session a cannot be copied: the process ${keeping[2]?.pid} that kept its state died meanwhile`,
    );
  });

  test("when the session's worker dies and it is lost, with how it died", async () => {
    const { workers, session } = await scriptedSession({ setup: false });
    diesOfCopies(workers[0] as ScriptedWorker);

    const error = await rejection(session.replicas(2, signal), SessionLostError);

    expect(error.cause).toBeInstanceOf(WorkerDiedError);
  });

  test("at once when the session cannot be copied", async () => {
    const { workers, session } = await scriptedSession({ setup: true });
    const original = workers[0] as ScriptedWorker;
    let times = 0;
    original.fork = async () => {
      times += 1;
      throw new ForkRefusedError("a", "your code left threads running: prefetcher");
    };

    await rejection(session.replicas(2, signal), ForkRefusedError);

    expect(times).toBe(1);
  });
});

test("replicas that were refused because processes died give all of their room back", async () => {
  const { engine, workers } = scriptedEngine({ forks: true, maxProcesses: 4 });
  const session = await engine.session({ checkpoint: "manual" });
  keptByMortals(workers[0] as ScriptedWorker);

  await rejection(session.replicas(2, signal), ForkRefusedError);

  expect(await session.fork({ count: 3, queueTimeout: "1ms" })).toHaveLength(3);
});
