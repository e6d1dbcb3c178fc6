import { setTimeout as delay, setImmediate as nextRound } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CopyRequest, Worker, WorkerDeathError } from "../../src/engine.js";
import { forkWorker } from "../../src/session/fork-worker.js";
import { testSession } from "../helpers/engine.js";
import { heldOf } from "../helpers/garbage.js";

const REQUEST = {} as CopyRequest;

/** A worker whose copies come, and which ends, when the test says so. */
function scriptedWorker(fork: () => Promise<Worker>): { worker: Worker; end: (death: Error) => void } {
  let end: (death: Error) => void = () => {};
  const ended = new Promise<WorkerDeathError>((resolve) => {
    end = (death) => resolve(death as WorkerDeathError);
  });
  return { worker: { ended, fork } as unknown as Worker, end };
}

function scriptedCopy(closed: () => void = () => {}): Worker {
  return { close: async () => closed() } as unknown as Worker;
}

test("a worker keeps none of the copies that were made of it", async () => {
  const { worker } = scriptedWorker(async () => scriptedCopy());
  const copies: WeakRef<object>[] = [];
  for (let made = 0; made < 10; made++) copies.push(new WeakRef(await forkWorker(worker, REQUEST)));

  expect(await heldOf(copies, 1)).toBeLessThan(2);
  expect(worker.ended).toBeInstanceOf(Promise);
});

test("a session keeps nothing of the processes of forks that were closed", async () => {
  const session = await testSession({ checkpoint: "manual" });
  const workers: WeakRef<object>[] = [];
  for (let made = 0; made < 10; made++) {
    const fork = await session.fork();
    workers.push(new WeakRef(fork.lifecycle.worker));
    await fork.close();
  }

  expect(await heldOf(workers, 1, () => delay(50))).toBeLessThan(2);
  expect(session.state).toBe("ready");
});

test("the copy of a worker that dies meanwhile is ended when it comes, and who asked for it is told at once", async () => {
  let come: (copy: Worker) => void = () => {};
  const coming = new Promise<Worker>((resolve) => {
    come = resolve;
  });
  const { worker, end } = scriptedWorker(() => coming);
  const forking = forkWorker(worker, REQUEST);
  const death = new Error("killed by SIGKILL");

  end(death);
  await expect(forking).rejects.toBe(death);

  await new Promise<void>((closed) => come(scriptedCopy(closed)));
});

test("a worker that died at the moment when its copy came has no copy", async () => {
  const death = new Error("killed by SIGKILL");
  let closed = false;
  const copy = scriptedCopy(() => {
    closed = true;
  });
  const { worker, end } = scriptedWorker(async () => {
    end(death);
    return copy;
  });

  await expect(forkWorker(worker, REQUEST)).rejects.toBe(death);
  await nextRound();
  expect(closed).toBe(true);
});

test("a thousand copies that are awaited at once are no cause for a warning", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on("warning", onWarning);
  const { worker } = scriptedWorker(async () => scriptedCopy());

  await Promise.all(Array.from({ length: 1_000 }, () => forkWorker(worker, REQUEST)));
  await nextRound();

  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});
