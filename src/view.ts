/**
 * Views: functions of this process that Python may call while it works. `slither_worker.view(name, …)` sends a question on the channel of its request; a host
 * answers it.
 */

/** A question of Python's, as it arrives. */
export interface ViewQuestion {
  /** Which view is asked. */
  readonly name: string;
  /** The named arguments, but for `keys`. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Of a question for several keys at once. */
  readonly keys?: readonly unknown[] | undefined;
  /** The step of the batch that asks; 0 in a call. */
  readonly step: number;
}

/** Answers the questions of one request: with the answer, or, to several keys, with a list of as many. What it throws, Python's code gets as an exception. */
export type ViewHost = (question: ViewQuestion) => Promise<unknown>;
