/** One request on its way through a session. */
export interface Job {
  /** Jobs of one owner may be sent before the previous one is answered; the owner of a plain call is the call itself. */
  readonly owner: unknown;
  /** How many of one owner's jobs may be unanswered at once. */
  readonly depth: number;
  /** Sends it. Called once, and again after each time that it was put back. */
  start(): void;
  /** The worker has come to it: everything sent before was answered. Called once after each `start`. */
  running(): void;
  /**
   * Its worker is gone, and there will be no answer. Says whether it is to be sent again, to the worker that takes over; else it has settled itself.
   *
   * @param reason why it is gone.
   * @param ran whether the worker had come to it.
   * @param takenOver false when no worker takes over.
   */
  workerGone(reason: Error, ran: boolean, takenOver: boolean): "again" | "settled";
}

/**
 * First come, first served, in front of one worker. A job is sent when the worker is idle, or busy only with jobs of the same owner and fewer
 * than its depth; so what is running always belongs to the owner of everything that was sent, and stopping it for that owner harms nobody else.
 */
export class JobQueue {
  readonly #waiting: Job[] = [];
  /** Few at a time. No Set: a table that it has outgrown refers to the next one, and keeps what was in it until the next major collection. */
  #sent: Job[] = [];
  readonly #onIdle: () => void;
  #running: Job | undefined;
  #advancing = false;
  #held = false;

  /** @param onIdle called each time that the last job was answered and none waits. */
  constructor(onIdle: () => void = () => {}) {
    this.#onIdle = onIdle;
  }

  /** Whether nothing waits and nothing was sent. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#sent.length === 0;
  }

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
    const place = this.#sent.indexOf(job);
    if (place < 0) return;
    this.#sent.splice(place, 1);
    this.#advance();
    if (this.idle) this.#onIdle();
  }

  /** Sends nothing until `resume`. */
  hold(): void {
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    this.#advance();
    if (this.idle) this.#onIdle();
  }

  /** The worker is gone: settles what was sent, and puts back in front what is to be sent again. */
  workerGone(reason: Error, takenOver: boolean): void {
    const sent = this.#sent;
    this.#sent = [];
    const again = sent.filter((job) => job.workerGone(reason, job === this.#running, takenOver) === "again");
    this.#running = undefined;
    this.#waiting.unshift(...again);
    this.#advance();
  }

  #advance(): void {
    // A job may be answered while it is started; thousands of such in a row must not nest.
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#waiting.length > 0 && !this.#held) {
      const next = this.#waiting[0] as Job;
      const fits = this.#sent.length < next.depth && this.#sent.every((job) => job.owner === next.owner);
      if (!fits && this.#sent.length > 0) break;
      this.#waiting.shift();
      this.#sent.push(next);
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
