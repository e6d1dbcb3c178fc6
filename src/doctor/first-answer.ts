import { setTimeout as delay } from "node:timers/promises";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import { encodeRequest } from "../wire/request.js";
import type { StartedProcess } from "../worker/started-process.js";
import { WorkerProcess } from "../worker/worker-process.js";

/** The id of the sessions that are only measured; they appear in no event. */
export const SESSION = "doctor";

/** What every worker that is only measured is opened with. */
export const WELCOME = { session: SESSION, memoryBytes: undefined, reseed: false } as const;

/** A started process as a worker, which nobody can copy. */
export function workerOf(started: StartedProcess): WorkerProcess {
  const resolveHandle = (): never => {
    throw new Error("no ref was made");
  };
  return new WorkerProcess({ ...WELCOME, resolveHandle }, started, "it is only measured");
}

/**
 * Imports a module in a worker, and waits for the answer.
 *
 * @throws as a call does; TookTooLong, and the worker is killed then.
 */
export async function importIn(worker: WorkerProcess, module: string, timeoutMs: number): Promise<void> {
  // Every module has it, and it has a method that does nothing: the import is all the work.
  await callIn(worker, module, "__name__.__len__", [], timeoutMs);
}

/** @throws as {@link importIn} */
export async function answerOf(worker: WorkerProcess, timeoutMs: number): Promise<void> {
  await callIn(worker, "builtins", "len", [[]], timeoutMs);
}

export class TookTooLong extends Error {}

async function callIn(
  worker: WorkerProcess,
  module: string,
  name: string,
  args: readonly unknown[],
  timeoutMs: number,
): Promise<void> {
  const site = { session: SESSION, target: `${module}.${name}` };
  const request = { kind: "call", module, function: name, args, kwargs: {}, returns: "value" } as const;
  const cancel = new AbortController();
  const { reply } = worker.send(encodeRequest(request, site));
  const late = delay(Math.min(timeoutMs, LONGEST_TIMER_MS), undefined, { signal: cancel.signal }).then(() => {
    throw new TookTooLong(`no answer after ${timeoutMs} ms`);
  });
  try {
    await Promise.race([reply, late]);
  } catch (error) {
    if (error instanceof TookTooLong) {
      reply.catch(() => {});
      worker.kill();
      await worker.ended;
    }
    throw error;
  } finally {
    cancel.abort();
    late.catch(() => {});
  }
}
