import { SlitherError } from "./slither-error.js";

/** One thing that does not fit. */
export interface SchemaIssue {
  /** Where in the value, for example `.address.zip` or `[3]`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** A value does not fit the schema of its stage, or the schema threw, which is the `cause` then. */
export class SchemaError extends SlitherError {
  readonly code = "SLITHER_SCHEMA";
  readonly stage: string;
  /** `input`: what the stage was given; `output`: what its function gave back. */
  readonly direction: "input" | "output";
  readonly issues: readonly SchemaIssue[];

  constructor(stage: string, direction: "input" | "output", issues: readonly SchemaIssue[], cause?: unknown) {
    const found = issues.map(({ path, message }) => `${direction}${path}: ${message}`).join("; ");
    super(`stage ${stage}: expected its ${direction} to fit the schema, got ${found}`, { cause });
    this.stage = stage;
    this.direction = direction;
    this.issues = issues;
  }
}
