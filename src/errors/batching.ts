import { SlitherError } from "./slither-error.js";

/** A batching strategy breaks its contract: it has thrown, or lost, doubled or made up records. It ends the run; no record is lost by it. */
export class BatchingError extends SlitherError {
  readonly code = "SLITHER_BATCHING";

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
