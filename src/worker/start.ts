import { WorkerStartError } from "../errors/session.js";
import type { SharedMemory } from "../wire/shared-memory.js";
import { childProcess } from "./child.js";
import { Connection } from "./connection.js";
import { launch } from "./launch.js";
import type { Listener } from "./listener.js";
import { LogLines, type OnLine } from "./log-lines.js";
import type { ProgressPage } from "./progress.js";
import type { StartedProcess } from "./started-process.js";
import { welcome } from "./welcome.js";

export interface StartOptions {
  readonly session: string;
  readonly interpreter: string;
  readonly pythonPath: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly memoryBytes: number | undefined;
  readonly startTimeoutMs: number;
  readonly listener: Listener;
  readonly onLog: OnLine;
  readonly memory?: SharedMemory | undefined;
}

/**
 * Starts a worker cold: an interpreter of its own, which has imported nothing yet.
 *
 * @throws WorkerStartError with what the process last wrote; the process is gone then.
 */
export async function startWorker(options: StartOptions): Promise<StartedProcess> {
  const logs = new LogLines(options.onLog);
  let progress: ProgressPage | undefined;
  try {
    return await launch(
      { ...options, flags: [], channels: ["calls", "control"] as const, logs },
      async (launched) => {
        const calls = new Connection(launched.sockets.calls, () => {});
        const control = new Connection(launched.sockets.control, () => {});
        // Its environment has said to libraries how many threads they may use.
        progress = options.listener.progress.take();
        await welcome(calls, { ...options, threads: {}, reseed: false, progress });
        return childProcess(launched, calls, control, progress);
      },
    );
  } catch (error) {
    progress?.giveBack();
    throw new WorkerStartError(options.session, (error as Error).message, logs.last, error);
  }
}
