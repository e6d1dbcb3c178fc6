import { SlitherError } from "./slither-error.js";

/** An option or argument of the wrong type, out of range, missing, or with a name that does not exist. Nothing was started. */
export class OptionsError extends SlitherError {
  readonly code = "SLITHER_OPTIONS";
  /** Where the option was given, for example `pipe.python("predict")`. */
  readonly where: string;
  /** One sentence for each option that is wrong. */
  readonly problems: readonly string[];

  constructor(where: string, problems: readonly string[], cause?: unknown) {
    super(`${where}: ${problems.join("; ")}`, { cause });
    this.where = where;
    this.problems = problems;
  }
}
