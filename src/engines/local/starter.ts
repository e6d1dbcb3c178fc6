import type { z } from "zod";
import type { OpenRequest } from "../../engine.js";
import type { SharedMemory } from "../../wire/shared-memory.js";
import type { Forkserver } from "../../worker/forkserver.js";
import type { Listener } from "../../worker/listener.js";
import type { OnLine } from "../../worker/log-lines.js";
import { startWorker } from "../../worker/start.js";
import { startForkserver } from "../../worker/start-forkserver.js";
import { WorkerProcess } from "../../worker/worker-process.js";
import { forkserverEnvironment, workerEnvironment } from "./environment.js";
import type { localOptions } from "./options.js";

/** The options of `local()`, checked. */
export type Options = z.output<typeof localOptions>;

/** Starts interpreters: workers one by one, or a forkserver for many. */
export class Starter {
  readonly #options: Options;
  readonly #interpreter: string;
  readonly #listener: Listener;
  readonly #memory: SharedMemory;

  constructor(options: Options, interpreter: string, listener: Listener, memory: SharedMemory) {
    this.#options = options;
    this.#interpreter = interpreter;
    this.#listener = listener;
    this.#memory = memory;
  }

  /** @throws as `startForkserver`. */
  forkserver(onLog: OnLine): Promise<Forkserver> {
    const { pythonPath, preload, env } = this.#options;
    return startForkserver({ ...this.#common, pythonPath, preload, env: forkserverEnvironment(env), onLog });
  }

  /**
   * A worker that is started cold.
   *
   * @param noForks why it cannot be copied.
   * @throws WorkerStartError.
   */
  async worker(request: OpenRequest, noForks: string): Promise<WorkerProcess> {
    const { pythonPath, threads, env } = this.#options;
    const own = { ...this.#common, pythonPath, env: workerEnvironment(threads, env), memory: this.#memory };
    return new WorkerProcess(request, await startWorker({ ...request, ...own }), noForks);
  }

  get #common(): { interpreter: string; startTimeoutMs: number; listener: Listener } {
    const { startTimeout: startTimeoutMs } = this.#options;
    return { interpreter: this.#interpreter, startTimeoutMs, listener: this.#listener };
  }
}
