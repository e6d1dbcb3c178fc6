import { SlitherError } from "./slither-error.js";

/** A record was given up without a further try, because an equal one has killed or hung its process in this run; `cause` is how. */
export class PoisonedRecordError extends SlitherError {
  readonly code = "SLITHER_POISONED_RECORD";

  constructor(cause: unknown) {
    const how = cause instanceof Error ? cause.message : String(cause);
    super(`given up without a further try, because an equal record failed like this in the run: ${how}`, {
      cause,
    });
  }
}
