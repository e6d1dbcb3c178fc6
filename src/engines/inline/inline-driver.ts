import type { Driver, OpenRequest, Worker } from "../../engine.js";
import { FaultHook } from "./faults.js";
import { InlineWorker, NO_FORKS } from "./inline-worker.js";
import type { InlineOptions } from "./options.js";

/** Sessions whose "Python" is TypeScript functions in this process: for users' tests of their pipes, without Python and without processes. */
export class InlineDriver implements Driver {
  readonly noForks = NO_FORKS;
  readonly #modules: InlineOptions["modules"];

  readonly #faults: FaultHook;

  constructor({ modules, faults }: Pick<InlineOptions, "modules" | "faults">) {
    this.#modules = modules;
    this.#faults = new FaultHook(faults);
  }

  async open(request: OpenRequest): Promise<Worker> {
    return new InlineWorker(request, this.#modules, this.#faults);
  }

  async close(): Promise<void> {}
}
