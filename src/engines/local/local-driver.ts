import type { z } from "zod";
import type { Driver, OpenRequest, Worker } from "../../engine.js";
import { findPython } from "../../environment/find.js";
import { WorkerStartError } from "../../errors/session.js";
import { SlitherError } from "../../errors/slither-error.js";
import type { Fork } from "../../worker/fork.js";
import { Listener } from "../../worker/listener.js";
import type { OnLine } from "../../worker/log-lines.js";
import { startWorker } from "../../worker/start.js";
import { startForkserver } from "../../worker/start-forkserver.js";
import { WorkerProcess } from "../../worker/worker-process.js";
import { EarlyLines } from "./early-lines.js";
import { forkserverEnvironment, workerEnvironment } from "./environment.js";
import { ForkserverKeeper, type Warm } from "./forkserver-keeper.js";
import type { localOptions } from "./options.js";
import { warnOfColdStarts } from "./warnings.js";

type Options = z.output<typeof localOptions>;

/** Sessions as processes of this machine: forked from a forkserver, or where that cannot be, started cold. */
export class LocalDriver implements Driver {
  readonly #options: Options;
  readonly #interpreter: string;
  readonly #listener: Listener;
  readonly #keeper: ForkserverKeeper;
  readonly #lines: EarlyLines;
  #noForks: string | undefined;

  private constructor(options: Options, interpreter: string, listener: Listener, onForkserverLog: OnLine) {
    this.#options = options;
    this.#interpreter = interpreter;
    this.#listener = listener;
    this.#lines = new EarlyLines(onForkserverLog);
    this.#keeper = new ForkserverKeeper(() => this.#startForkserver(), options.minIdle);
  }

  /**
   * @param onForkserverLog called for every line that the forkserver prints, and never before the driver was given back.
   * @throws PythonNotFoundError, PythonVersionError, PythonPackageMissingError when there is no interpreter to work with; PythonImportError when a
   * module of `preload` cannot be imported, WorkerStartError when importing them ends the process or takes too long.
   */
  static async create(options: Options, onForkserverLog: OnLine = () => {}): Promise<LocalDriver> {
    const interpreter = await findPython({ python: options.python, env: { ...process.env, ...options.env } });
    const listener = await Listener.open();
    const driver = new LocalDriver(options, interpreter.path, listener, onForkserverLog);
    try {
      await driver.#warmUp();
    } catch (error) {
      await listener.close();
      throw error;
    }
    driver.#lines.release();
    return driver;
  }

  get noForks(): string | undefined {
    return this.#noForks;
  }

  async open(request: OpenRequest): Promise<Worker> {
    for (;;) {
      if (this.#noForks !== undefined) return this.#openCold(request, this.#noForks);
      const warm = await this.#warm(request.session);
      if (warm === undefined) continue;
      try {
        return await this.#openForked(request, warm);
      } catch (error) {
        // When it was killed together with its forkserver, the next one may do better; the keeper says when to give up.
        if (!warm.forkserver.dead) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#keeper.close();
    await this.#listener.close();
  }

  async #warmUp(): Promise<void> {
    if (!this.#options.forkserver) {
      this.#noForks = "local() was given forkserver: false";
    } else if (process.platform !== "linux") {
      this.#noForks = `needs Linux: on ${process.platform} sessions are started cold`;
      warnOfColdStarts(`forking them needs Linux, and this is ${process.platform}`, SILENCE);
    } else {
      await this.#keeping(this.#keeper.current);
    }
  }

  /** A forkserver to fork from; undefined when there can be none any more. */
  async #warm(session: string): Promise<Warm | undefined> {
    try {
      return await this.#keeping(this.#keeper.current);
    } catch (error) {
      throw SlitherError.is(error)
        ? error
        : new WorkerStartError(session, (error as Error).message, [], error);
    }
  }

  async #keeping(current: Promise<Warm>): Promise<Warm | undefined> {
    const warm = await current;
    const { unsafe } = warm.forkserver;
    if (unsafe === undefined) return warm;
    if (this.#noForks === undefined) {
      this.#noForks = `processes cannot be forked safely with what \`preload\` imports: ${unsafe}`;
      warnOfColdStarts(
        this.#noForks,
        `Leave the module that does this out of \`preload\`, or s${SILENCE.slice(1)}`,
      );
    }
    await this.#keeper.close();
    return undefined;
  }

  #startForkserver(): ReturnType<typeof startForkserver> {
    const { pythonPath, preload, env, startTimeout } = this.#options;
    return startForkserver({
      interpreter: this.#interpreter,
      pythonPath,
      preload,
      env: forkserverEnvironment(env),
      startTimeoutMs: startTimeout,
      listener: this.#listener,
      onLog: this.#lines.give,
    });
  }

  async #openForked(request: OpenRequest, { forkserver, idle }: Warm): Promise<Worker> {
    const { threads, startTimeout: startTimeoutMs } = this.#options;
    const begin = async (fork: Fork): Promise<Worker> => {
      const started = await fork.begin({ ...request, pythonPath: [], threads, reseed: true, startTimeoutMs });
      setImmediate(() => idle.refill());
      return new WorkerProcess(request, started, { forkserver, threads, startTimeoutMs });
    };
    const ready = await idle.take();
    // One that has died while it was idle says nothing about the next.
    const worker = await (ready && begin(ready).catch(() => undefined));
    if (worker !== undefined) return worker;
    const fork = await forkserver.fork().catch((error: Error) => {
      throw new WorkerStartError(request.session, error.message, [], error);
    });
    return begin(fork);
  }

  async #openCold(request: OpenRequest, noForks: string): Promise<Worker> {
    const { pythonPath, env, threads, startTimeout } = this.#options;
    const started = await startWorker({
      ...request,
      interpreter: this.#interpreter,
      pythonPath,
      threads,
      env: workerEnvironment(threads, env),
      startTimeoutMs: startTimeout,
      listener: this.#listener,
    });
    return new WorkerProcess(request, started, noForks);
  }
}

const SILENCE = "Say so with `forkserver: false`, and this warning is gone";
