import { SlitherError } from "./slither-error.js";

/** The pipe's own code has set a record aside: a node stage by `reject(reason)`, or a batch function by `Rejected(reason)` in place of its result. The message is the reason. */
export class RecordRejectedError extends SlitherError {
  readonly code = "SLITHER_RECORD_REJECTED";
}
