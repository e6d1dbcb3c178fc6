import { SlitherError } from "./slither-error.js";

/** The table of a stage's `cache` could not be read or written, for the records of a batch or for one; `cause` is what it failed with. */
export class CacheError extends SlitherError {
  readonly code = "SLITHER_CACHE";
  readonly stage: string;
  readonly operation: "read" | "write";

  constructor(stage: string, operation: "read" | "write", cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`the cache of stage ${stage} could not be ${operation === "read" ? "read" : "written"}: ${why}`, {
      cause,
    });
    this.stage = stage;
    this.operation = operation;
  }
}
