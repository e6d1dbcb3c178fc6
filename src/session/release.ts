import type { Job, JobQueue } from "./queue.js";

/** Lets go of an object in its turn: calls that were made before may need it. The worker does not answer, so it is done as soon as it is sent. */
export class Release implements Job {
  readonly owner = this;
  readonly depth = 1;
  readonly #queue: JobQueue;
  readonly #send: () => void;

  constructor(queue: JobQueue, send: () => void) {
    this.#queue = queue;
    this.#send = send;
  }

  start(): void {
    this.#send();
    this.#queue.answered(this);
  }

  running(): void {}

  workerGone(): "settled" {
    return "settled";
  }
}
