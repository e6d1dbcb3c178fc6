import { setMaxListeners } from "node:events";
import type { CopyRequest, Worker } from "../engine.js";
import { throwIfAborted, untilStopped } from "../stopping.js";

/** How long an idle worker, or an idle copy of one, may take to leave when asked to. */
export const LEAVE_GRACE_MS = 2_000;

/**
 * One for each worker, aborted with how it ended. What waits for a promise cannot be taken off it again: with one for each copy, a worker would keep all
 * the copies that were ever made of it.
 */
const ends = new WeakMap<Worker, AbortSignal>();

/**
 * A copy of a worker, which lives when there is one: when it dies, its session is on its way back, and a copy says nothing of what that will be.
 *
 * @throws ForkRefusedError; how the worker ended, at once. No copy is left then.
 */
export async function forkWorker(worker: Worker, request: CopyRequest): Promise<Worker> {
  const end = endOf(worker);
  const forking = worker.fork(request);
  try {
    const copy = await untilStopped(forking, end);
    throwIfAborted(end);
    return copy;
  } catch (error) {
    forking.then((late) => late.close(LEAVE_GRACE_MS)).catch(() => {});
    throw error;
  }
}

function endOf(worker: Worker): AbortSignal {
  const known = ends.get(worker);
  if (known !== undefined) return known;
  const end = new AbortController();
  // A family of forks waits for it at once, which is no leak.
  setMaxListeners(0, end.signal);
  void worker.ended.then((death) => end.abort(death));
  ends.set(worker, end.signal);
  return end.signal;
}
