import { forkserverEnvironment, forkThreads } from "../engines/local/environment.js";
import type { Forkserver } from "../worker/forkserver.js";
import { startForkserver } from "../worker/start-forkserver.js";
import type { WorkerProcess } from "../worker/worker-process.js";
import type { MeasureOptions } from "./cold.js";
import { answerOf, WELCOME, workerOf } from "./first-answer.js";
import { type ProcessMemory, processMemory } from "./process-memory.js";

/** Enough for a median that one hiccup does not move. */
const FORKS = 5;

export interface ForkFacts {
  /** From the start of the forkserver to the end of its imports. */
  readonly startMilliseconds: number;
  readonly forkserver: ProcessMemory | null;
  /** Why it must not be forked, with what it has imported; null when it may. */
  readonly unsafe: string | null;
  /** From asking for a fork to its first answer: each, and the one in the middle. None when it cannot be forked. */
  readonly runs: readonly number[];
  readonly medianMilliseconds: number | null;
  /** Of one fork that has answered. */
  readonly session: ProcessMemory | null;
}

/**
 * Starts a forkserver and forks it a few times.
 *
 * @throws as `startForkserver` and forks do; everything is gone then.
 */
export async function measureForks(options: MeasureOptions, preload: readonly string[]): Promise<ForkFacts> {
  const began = performance.now();
  const env = forkserverEnvironment({});
  const forkserver = await startForkserver({ ...options, preload, env, onLog: () => {} });
  const started = {
    startMilliseconds: performance.now() - began,
    forkserver: processMemory(options.read, forkserver.pid),
    unsafe: forkserver.unsafe ?? null,
  };
  try {
    if (started.unsafe !== null) return { ...started, runs: [], medianMilliseconds: null, session: null };
    const runs: number[] = [];
    let session: ProcessMemory | null = null;
    for (let made = 0; made < FORKS; made++) {
      const { milliseconds, memory } = await forkOnce(forkserver, options);
      runs.push(milliseconds);
      session = memory;
    }
    return { ...started, runs, medianMilliseconds: median(runs), session };
  } finally {
    await forkserver.close();
  }
}

async function forkOnce(
  forkserver: Forkserver,
  options: MeasureOptions,
): Promise<{ milliseconds: number; memory: ProcessMemory | null }> {
  const { startTimeoutMs } = options;
  const threads = forkThreads(options.threads, {});
  const began = performance.now();
  const fork = await forkserver.fork();
  // As for a new session: see LocalDriver.
  const welcome = { ...WELCOME, pythonPath: [], threads, reseed: false, startTimeoutMs, onLog: () => {} };
  let worker: WorkerProcess | undefined;
  try {
    worker = workerOf(await fork.begin(welcome));
    await answerOf(worker, startTimeoutMs);
    return { milliseconds: performance.now() - began, memory: processMemory(options.read, worker.pid) };
  } finally {
    worker?.kill();
    await worker?.ended;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
