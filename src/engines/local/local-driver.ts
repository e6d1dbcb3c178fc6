import type { z } from "zod";
import type { Driver, OpenRequest, Worker } from "../../engine.js";
import { findPython } from "../../environment/find.js";
import { Listener } from "../../worker/listener.js";
import { WorkerProcess } from "../../worker/worker-process.js";
import type { localOptions } from "./options.js";

/** What numeric libraries read their number of threads from; it must be set before they are imported. */
const THREAD_VARIABLES = [
  "OMP_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "MKL_NUM_THREADS",
  "NUMEXPR_NUM_THREADS",
  "VECLIB_MAXIMUM_THREADS",
];

/** Sessions as processes of this machine. Each is started cold: interpreter, then imports at the first call that needs them. */
export class LocalDriver implements Driver {
  readonly #options: z.output<typeof localOptions>;
  readonly #interpreter: string;
  readonly #listener: Listener;

  private constructor(options: z.output<typeof localOptions>, interpreter: string, listener: Listener) {
    this.#options = options;
    this.#interpreter = interpreter;
    this.#listener = listener;
  }

  /** @throws PythonNotFoundError, PythonVersionError, PythonPackageMissingError when there is no interpreter to work with. */
  static async create(options: z.output<typeof localOptions>): Promise<LocalDriver> {
    const interpreter = await findPython({ python: options.python, env: { ...process.env, ...options.env } });
    return new LocalDriver(options, interpreter.path, await Listener.open());
  }

  open(request: OpenRequest): Promise<Worker> {
    return WorkerProcess.start({
      ...request,
      interpreter: this.#interpreter,
      pythonPath: this.#options.pythonPath,
      env: this.#environment(),
      startTimeoutMs: this.#options.startTimeout,
      listener: this.#listener,
    });
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }

  #environment(): Record<string, string | undefined> {
    const threads = Object.fromEntries(THREAD_VARIABLES.map((name) => [name, String(this.#options.threads)]));
    // A worker that crashes in C code then prints where, which ends up in the error.
    return { PYTHONFAULTHANDLER: "1", ...process.env, ...threads, ...this.#options.env };
  }
}
