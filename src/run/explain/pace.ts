/** What a run notes of itself beside its books: what it waited for outside of its stages, how busy Node was meanwhile, and what came to nothing. */
export class Pace {
  /** How many processes share its trips; undefined where there are none. */
  processes: number | undefined;
  readonly failed = { batches: 0, durationMs: 0 };
  /** Waiting for records of the input, which are made then if it is synchronous. */
  inputMs = 0;
  #consumerMs = 0;
  #isGiven = false;
  #since: number | undefined;
  #loopAtBegin: ReturnType<typeof performance.eventLoopUtilization> | undefined;
  #loop: number | undefined;

  begin(): void {
    this.#loopAtBegin = performance.eventLoopUtilization();
  }

  /** The consumer was given something. */
  gives(): void {
    this.#isGiven = true;
    this.#since = performance.now();
  }

  /** It asks for more, or has left. */
  takes(): void {
    if (this.#since !== undefined) this.#consumerMs += performance.now() - this.#since;
    this.#since = undefined;
  }

  /** A batch has failed, after so long. */
  batchFailed(durationMs: number): void {
    this.failed.batches += 1;
    this.failed.durationMs += durationMs;
  }

  /** The run is over. */
  end(): void {
    this.takes();
    const { idle, active, utilization } = performance.eventLoopUtilization(this.#loopAtBegin);
    // Where the loop has not begun, nothing is known of it.
    if (idle + active > 0) this.#loop = utilization;
  }

  /** Between giving something to the consumer and being asked for more; undefined where nothing was given piece by piece. */
  get consumerMs(): number | undefined {
    return this.#isGiven ? this.#consumerMs : undefined;
  }

  /** The share of the time in which Node's event loop was busy, with this run or anything else; undefined when that is not known. */
  get loop(): number | undefined {
    return this.#loop;
  }
}
