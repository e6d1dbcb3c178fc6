import { inspect } from "node:util";
import { SlitherError } from "./slither-error.js";

/** A live source could not be told what became of a record: its `ack` or `nack` has thrown. The record may come again. */
export class AcknowledgeError extends SlitherError {
  readonly code = "SLITHER_ACKNOWLEDGE";
  /** The record. */
  readonly id: string | number;
  /** What was called. */
  readonly call: "ack" | "nack";

  constructor(id: string | number, call: "ack" | "nack", cause: unknown) {
    const how = cause instanceof Error ? cause.message : inspect(cause);
    super(`expected ${call}() of record ${id} not to fail, got ${how}`, { cause });
    this.id = id;
    this.call = call;
  }
}
