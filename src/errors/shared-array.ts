import { SlitherError } from "./slither-error.js";

/** A shared array was used where there is none: after its release, or on another engine than its own. */
export class SharedArrayError extends SlitherError {
  readonly code = "SLITHER_SHARED_ARRAY";
}
