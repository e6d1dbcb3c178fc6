import { SlitherError } from "./slither-error.js";

/**
 * - `closed`: the store was closed.
 * - `behind`: a watcher did not keep up with the changes of its table.
 * - `in-use`: another process has opened what the store is kept in.
 * - `open-failed`: what the store is kept in cannot be opened or read.
 * - `unreachable`: the server that has the store does not answer.
 * - `write-failed`: a write could not be kept; a store with a backend takes no more of them.
 * - `load-failed`: what was to fill the tables failed; they are as before.
 * - `load-running`: the store is being loaded already.
 */
export type StoreErrorReason =
  | "closed"
  | "behind"
  | "in-use"
  | "open-failed"
  | "unreachable"
  | "write-failed"
  | "load-failed"
  | "load-running";

/** A store cannot do what was asked of it: it is closed, what it is kept in fails, or it is at something else. `reason` tells which. */
export class StoreError extends SlitherError {
  readonly code = "SLITHER_STORE";
  /** The name of the store. */
  readonly store: string;
  readonly reason: StoreErrorReason;

  constructor(store: string, reason: StoreErrorReason, message: string, cause?: unknown) {
    super(`store ${store}: ${message}`, cause === undefined ? undefined : { cause });
    this.store = store;
    this.reason = reason;
  }
}
