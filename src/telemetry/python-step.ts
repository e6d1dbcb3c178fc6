/** A part of what a batch did in Python. Times are those of `performance.now()`. */
export interface PythonStep {
  /** The stage that it was done for. */
  readonly stage: string;
  /** The function, with its module. */
  readonly name: string;
  readonly beganMs: number;
  readonly endedMs: number;
}
