import type { DeadLetter } from "./letter.js";

/**
 * Where a run puts what it rejects. What ships: {@link deadLetter}, a file. One sink may serve several runs, one after the other or at once.
 */
export interface DeadLetterSink {
  /** The whole path of the file that it writes, where it writes one. */
  readonly file?: string | undefined;

  /**
   * Takes letters, in this order. Resolves when they are handed over; a rejection halts the run, with that error. It may be called before an earlier
   * call has resolved, and, by another run, after `close()`. The values in a letter are the pipe's own: whoever needs them later copies them before
   * this returns.
   */
  write(letters: readonly DeadLetter[]): Promise<void>;

  /** A run has ended: resolves when everything that was written is safe. Other runs may go on writing. */
  close(): Promise<void>;
}
