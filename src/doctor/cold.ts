import { workerEnvironment } from "../engines/local/environment.js";
import { PythonError, PythonImportError } from "../errors/python.js";
import { WorkerDiedError } from "../errors/session.js";
import { describeEnding } from "../worker/ending.js";
import type { Listener } from "../worker/listener.js";
import { startWorker } from "../worker/start.js";
import type { WorkerProcess } from "../worker/worker-process.js";
import { answerOf, importIn, TookTooLong, WELCOME, workerOf } from "./first-answer.js";
import { type ProcessMemory, processMemory } from "./process-memory.js";
import type { System } from "./system.js";
import { time } from "./words.js";

/** How the trouble of a module begins that takes too long. */
export const LATE = "not imported after";

/** What is measured with. */
export interface MeasureOptions {
  readonly interpreter: string;
  readonly pythonPath: readonly string[];
  readonly threads: number;
  readonly startTimeoutMs: number;
  readonly listener: Listener;
  readonly read: System["read"];
}

/** How the import of one module went. */
export interface ImportFacts {
  readonly module: string;
  /** With what it imports itself and nothing before it did; null when it failed. */
  readonly milliseconds: number | null;
  /** What it added to the memory of the process; null where that is not known. */
  readonly bytes: number | null;
  /** Why it failed; null when it did not. */
  readonly trouble: string | null;
  /** What to install, where that would help. */
  readonly install: string | null;
}

export interface ColdFacts {
  readonly imports: readonly ImportFacts[];
  /** From the start of the process to its first answer, the imports among it; null when one of them failed. */
  readonly milliseconds: number | null;
  readonly memory: ProcessMemory | null;
}

/** Starts a worker cold and imports the modules one by one, as the first call of a session that was not forked does. */
export async function measureCold(options: MeasureOptions, modules: readonly string[]): Promise<ColdFacts> {
  const began = performance.now();
  const imports: ImportFacts[] = [];
  let worker: WorkerProcess | undefined;
  try {
    for (const module of modules) {
      // One that was killed by an import says nothing about the next one.
      worker ??= await start(options);
      const facts = await measureImport(worker, module, options);
      imports.push(facts);
      if (facts.trouble !== null && (await isGone(worker))) worker = undefined;
    }
    worker ??= await start(options);
    await answerOf(worker, options.startTimeoutMs);
    const clean = imports.every(({ trouble }) => trouble === null);
    return {
      imports,
      milliseconds: clean ? performance.now() - began : null,
      memory: processMemory(options.read, worker.pid),
    };
  } finally {
    worker?.kill();
    await worker?.ended;
  }
}

async function start(options: MeasureOptions): Promise<WorkerProcess> {
  const env = workerEnvironment(options.threads, {});
  return workerOf(await startWorker({ ...WELCOME, ...options, env, onLog: () => {} }));
}

async function measureImport(
  worker: WorkerProcess,
  module: string,
  { startTimeoutMs, read }: MeasureOptions,
): Promise<ImportFacts> {
  const began = performance.now();
  const before = processMemory(read, worker.pid);
  try {
    await importIn(worker, module, startTimeoutMs);
    const milliseconds = performance.now() - began;
    const after = processMemory(read, worker.pid);
    const bytes = before && after ? Math.max(0, after.residentBytes - before.residentBytes) : null;
    return { module, milliseconds, bytes, trouble: null, install: null };
  } catch (error) {
    return { module, milliseconds: null, bytes: null, ...troubleWith(error, startTimeoutMs) };
  }
}

function troubleWith(error: unknown, timeoutMs: number): { trouble: string; install: string | null } {
  if (error instanceof TookTooLong) return { trouble: `${LATE} ${time(timeoutMs)}`, install: null };
  if (error instanceof WorkerDiedError)
    return { trouble: `importing it ended the process, ${describeEnding(error)}`, install: null };
  if (!(error instanceof PythonImportError)) throw error;
  if (error.missing === undefined) {
    const { cause } = error;
    const raised =
      cause instanceof PythonError ? `${cause.pythonType}: ${cause.pythonMessage}` : error.message;
    return { trouble: `it failed while it was imported: ${raised}`, install: null };
  }
  const install = /npx slither setup [^`]+/.exec(error.message)?.[0] ?? null;
  const what =
    error.missing === error.module
      ? "there is no such module"
      : `it needs ${error.missing}, which is not there`;
  return { trouble: what, install };
}

async function isGone(worker: WorkerProcess): Promise<boolean> {
  return Promise.race([worker.ended.then(() => true), new Promise<false>((no) => setImmediate(no, false))]);
}
