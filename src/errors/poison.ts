import { SlitherError } from "./slither-error.js";

/** A record was not tried, because an equal one has killed or hung its process earlier in this run; `cause` is how. */
export class PoisonedRecordError extends SlitherError {
  readonly code = "SLITHER_POISONED_RECORD";

  constructor(cause: unknown) {
    const how = cause instanceof Error ? cause.message : String(cause);
    super(`not tried, because an equal record failed like this earlier in the run: ${how}`, { cause });
  }
}
