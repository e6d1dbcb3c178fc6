import { ForkRefusedError, WorkerStartError } from "../errors/session.js";
import type { SharedMemory } from "../wire/shared-memory.js";
import { CHECKPOINT_CHANNELS, LIVE_CHANNELS } from "./fork.js";
import type { ExpectedFork } from "./fork-arrivals.js";
import type { Forkserver } from "./forkserver.js";
import type { OnLine } from "./log-lines.js";
import type { StartedProcess } from "./started-process.js";

/** How copies of a worker come about. */
export interface CopyOptions {
  /** What adopts them, and tells how they end. */
  readonly forkserver: Forkserver;
  readonly startTimeoutMs: number;
  readonly memory?: SharedMemory | undefined;
}

/** What a copy is to be. */
export interface CopyRequest {
  readonly session: string;
  readonly onLog: OnLine;
  readonly memoryBytes: number | undefined;
  /** `checkpoint`: it runs no code, and is only ever copied itself. */
  readonly purpose: "live" | "checkpoint";
  readonly reseed: boolean;
}

/**
 * Makes a copy of a worker.
 *
 * @param session that of the original.
 * @param ask asks the original for it; resolves when the original says that the copy exists.
 * @throws what `ask` rejects with; ForkRefusedError when the copy does not become ready.
 */
export function startCopy(
  session: string,
  options: CopyOptions,
  request: CopyRequest,
  ask: (expected: ExpectedFork) => Promise<void>,
): Promise<StartedProcess> {
  return options.forkserver.copies.run(() => copyNow(session, options, request, ask));
}

async function copyNow(
  session: string,
  options: CopyOptions,
  request: CopyRequest,
  ask: (expected: ExpectedFork) => Promise<void>,
): Promise<StartedProcess> {
  const { forkserver } = options;
  const expected = forkserver.expect(request.purpose === "live" ? LIVE_CHANNELS : CHECKPOINT_CHANNELS);
  try {
    await ask(expected);
  } catch (error) {
    expected.abandon();
    throw error;
  }
  try {
    const fork = await forkserver.arrival(expected, Promise.resolve());
    return await fork.begin({ ...options, ...request, pythonPath: [], threads: {} });
  } catch (error) {
    const why = (error instanceof WorkerStartError ? error.cause : error) as Error;
    throw new ForkRefusedError(session, `its copy did not become ready: ${why.message}`, error);
  }
}
