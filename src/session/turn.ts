import type { Job, JobQueue } from "./queue.js";

/** Work that needs its session's worker for itself: it waits for its turn, and nothing is sent until it is done. */
export class Turn<Result> implements Job {
  readonly owner = this;
  readonly depth = 1;
  readonly done: Promise<Result>;
  readonly #queue: JobQueue;
  readonly #work: () => Promise<Result>;
  #resolve!: (result: Promise<Result>) => void;

  private constructor(queue: JobQueue, work: () => Promise<Result>) {
    this.#queue = queue;
    this.#work = work;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** @param work fails by itself when the worker is gone meanwhile. */
  static take<Result>(queue: JobQueue, work: () => Promise<Result>): Promise<Result> {
    const turn = new Turn(queue, work);
    queue.add(turn);
    return turn.done;
  }

  start(): void {
    const working = (async () => this.#work())();
    this.#resolve(working);
    const done = (): void => this.#queue.answered(this);
    working.then(done, done);
  }

  running(): void {}

  workerGone(): "settled" {
    return "settled";
  }
}
