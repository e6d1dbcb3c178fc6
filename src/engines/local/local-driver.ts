import type { Driver, OpenRequest, Worker } from "../../engine.js";
import { findPython } from "../../environment/find.js";
import { WorkerStartError } from "../../errors/session.js";
import { SlitherError } from "../../errors/slither-error.js";
import { SharedMemory } from "../../wire/shared-memory.js";
import type { Fork } from "../../worker/fork.js";
import { Listener } from "../../worker/listener.js";
import type { OnLine } from "../../worker/log-lines.js";
import { WorkerProcess } from "../../worker/worker-process.js";
import { EarlyLines } from "./early-lines.js";
import { forkThreads } from "./environment.js";
import { ForkserverKeeper, type Warm } from "./forkserver-keeper.js";
import { type Options, Starter } from "./starter.js";
import { warnOfColdStarts } from "./warnings.js";

/** When an idle fork that was taken is replaced: not while its session makes its first call, which would wait for the same cores. */
const REFILL_AFTER_MS = 50;

interface Parts {
  readonly listener: Listener;
  readonly starter: Starter;
  readonly keeper: ForkserverKeeper;
  readonly memory: SharedMemory;
}

/** Sessions as processes of this machine: forked from a forkserver, or where that cannot be, started cold. */
export class LocalDriver implements Driver {
  readonly sharedMemory: SharedMemory;
  readonly #options: Options;
  readonly #listener: Listener;
  readonly #starter: Starter;
  readonly #keeper: ForkserverKeeper;
  #noForks: string | undefined;

  private constructor(options: Options, { listener, starter, keeper, memory }: Parts) {
    this.#options = options;
    this.#listener = listener;
    this.#starter = starter;
    this.#keeper = keeper;
    this.sharedMemory = memory;
  }

  /**
   * @param onForkserverLog called for every line that the forkserver prints, and not before the driver was given back.
   * @throws PythonNotFoundError, PythonVersionError, PythonPackageMissingError when there is no interpreter to work with; PythonImportError when a
   * module of `preload` cannot be imported, WorkerStartError when importing them ends the process or takes too long.
   */
  static async create(options: Options, onForkserverLog: OnLine = () => {}): Promise<LocalDriver> {
    const interpreter = await findPython({ python: options.python, env: { ...process.env, ...options.env } });
    const listener = await Listener.open();
    const memory = new SharedMemory(options.sharedMemory ? options.sharedMemory.from : undefined);
    const starter = new Starter(options, interpreter.path, listener, memory);
    const lines = new EarlyLines(onForkserverLog);
    const keeper = new ForkserverKeeper(() => starter.forkserver(lines.give), options.minIdle);
    const driver = new LocalDriver(options, { listener, starter, keeper, memory });
    try {
      await driver.#warmUp();
    } catch (error) {
      await driver.close();
      throw error;
    }
    lines.release();
    return driver;
  }

  get noForks(): string | undefined {
    return this.#noForks;
  }

  async open(request: OpenRequest): Promise<Worker> {
    for (;;) {
      const warm = await this.#warm(request.session);
      if (warm === undefined) return this.#starter.worker(request, this.#noForks as string);
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
      warnOfColdStarts(`forks need Linux, and this is ${process.platform}`, "Say");
    } else {
      await this.#forkserver();
    }
  }

  /** Something to fork from; undefined when there can be none. */
  async #warm(session: string): Promise<Warm | undefined> {
    if (this.#noForks !== undefined) return undefined;
    try {
      return await this.#forkserver();
    } catch (error) {
      if (SlitherError.is(error)) throw error;
      throw new WorkerStartError(session, (error as Error).message, [], error);
    }
  }

  async #forkserver(): Promise<Warm | undefined> {
    const warm = await this.#keeper.current;
    const { unsafe } = warm.forkserver;
    if (unsafe === undefined) return warm;
    if (this.#noForks === undefined) {
      this.#noForks = `with what \`preload\` imports, forks are not safe: ${unsafe}`;
      warnOfColdStarts(this.#noForks, "Leave the module that does this out of `preload`, or say");
    }
    await this.#keeper.close();
    return undefined;
  }

  async #openForked(request: OpenRequest, { forkserver, idle }: Warm): Promise<Worker> {
    const { env, startTimeout: startTimeoutMs } = this.#options;
    const memory = this.sharedMemory;
    const threads = forkThreads(this.#options.threads, env);
    const begin = async (fork: Fork): Promise<Worker> => {
      // A fork of the forkserver has random states of its own from its start.
      const started = await fork.begin({
        ...request,
        pythonPath: [],
        threads,
        reseed: false,
        startTimeoutMs,
        memory,
      });
      setTimeout(() => idle.refill(), REFILL_AFTER_MS).unref();
      return new WorkerProcess(request, started, { forkserver, startTimeoutMs, memory });
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
}
