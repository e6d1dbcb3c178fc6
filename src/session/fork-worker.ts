import type { CopyRequest, Worker } from "../engine.js";

/** How long an idle worker, or an idle copy of one, may take to leave when asked to. */
export const LEAVE_GRACE_MS = 2_000;

/**
 * A copy of a worker, which lives when there is one: when it dies, its session is on its way back, and a copy says nothing of what that will be.
 *
 * @throws ForkRefusedError; how the worker ended, at once. No copy is left then.
 */
export async function forkWorker(worker: Worker, request: CopyRequest): Promise<Worker> {
  let death: Error | undefined;
  const died = worker.ended.then((error): never => {
    death = error;
    throw error;
  });
  const forking = worker.fork(request);
  try {
    const copy = await Promise.race([forking, died]);
    if (death !== undefined) throw death;
    return copy;
  } catch (error) {
    forking.then((late) => late.close(LEAVE_GRACE_MS)).catch(() => {});
    throw error;
  } finally {
    died.catch(() => {});
  }
}
