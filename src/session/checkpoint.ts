import type { CopyRequest, Worker } from "../engine.js";
import { forkWorker, LEAVE_GRACE_MS } from "./fork-worker.js";

/** A session's state at one moment, kept in an idle copy of its process. Sessions that can go back to it share it; the last to let go ends it. */
export class Checkpoint {
  /** The numbers of the objects that refs were held on. */
  readonly refs: ReadonlySet<number>;
  /** Resolves when the copy is gone. */
  readonly ended: Promise<unknown>;
  readonly #worker: Worker;
  readonly #gone = new AbortController();
  #users = 1;

  constructor(worker: Worker, refs: ReadonlySet<number>) {
    this.#worker = worker;
    this.refs = refs;
    this.ended = worker.ended.then(() => this.#gone.abort());
  }

  get pid(): number | undefined {
    return this.#worker.pid;
  }

  /** Aborted when the copy is gone. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether others than the one who asks hold it, too. */
  get shared(): boolean {
    return this.#users > 1;
  }

  /** A live copy of the state. Rejects when the checkpoint is gone. */
  restore(request: Omit<CopyRequest, "purpose">): Promise<Worker> {
    return forkWorker(this.#worker, { ...request, purpose: "live" });
  }

  retain(): this {
    this.#users += 1;
    return this;
  }

  async letGo(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.#worker.close(LEAVE_GRACE_MS);
  }
}
