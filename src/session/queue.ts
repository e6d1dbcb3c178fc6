/** One request on its way through a session. */
export interface Job {
  /** Jobs of one owner may be sent before the previous one is answered; the owner of a plain call is the call itself. */
  readonly owner: unknown;
  /** How many of one owner's jobs may be unanswered at once. */
  readonly depth: number;
  /** Sends it. Called once. */
  start(): void;
  /** The worker has come to it: everything sent before was answered. Called once, after `start`. */
  running(): void;
}

/**
 * First come, first served, in front of one worker. A job is sent when the worker is idle, or busy only with jobs of the same owner and fewer
 * than its depth; so what is running always belongs to the owner of everything that was sent, and killing it for that owner harms nobody else.
 */
export class JobQueue {
  readonly #waiting: Job[] = [];
  readonly #sent = new Set<Job>();
  #running: Job | undefined;
  #advancing = false;

  add(job: Job): void {
    this.#waiting.push(job);
    this.#advance();
  }

  /** Takes back a job that was not sent; false when it was. */
  withdraw(job: Job): boolean {
    const index = this.#waiting.indexOf(job);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    this.#advance();
    return true;
  }

  /** The worker has answered `job`. */
  answered(job: Job): void {
    this.#sent.delete(job);
    this.#advance();
  }

  #advance(): void {
    // A job may be answered while it is started; thousands of such in a row must not nest.
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0] as Job;
      const fits = this.#sent.size < next.depth && [...this.#sent].every((job) => job.owner === next.owner);
      if (!fits && this.#sent.size > 0) break;
      this.#waiting.shift();
      this.#sent.add(next);
      next.start();
    }
    this.#advancing = false;
    this.#announceRunning();
  }

  #announceRunning(): void {
    const [first] = this.#sent;
    if (first === this.#running) return;
    this.#running = first;
    first?.running();
  }
}
