/** Where a batch is. */
export interface Progress {
  readonly step: number;
  /** The row that is worked on, of those of the batch; undefined where that is not known. */
  readonly row: number | undefined;
  /** When the step began, in seconds of the system's monotonic clock. */
  readonly since: number;
}
