import { SlitherError } from "../errors/slither-error.js";
import { reasonOf } from "../stage/contract.js";
import type { Item, Rejection } from "../stage/item.js";
import type { RunStatus } from "../telemetry/events.js";
import type { Ledger } from "./ledger.js";

/** A run ended before its input did. `cause` is why. What was finished before was delivered. */
export class PipeHaltedError extends SlitherError {
  readonly code = "SLITHER_PIPE_HALTED";
  readonly pipe: string;
  /** `halted`: a stage or the input failed; `aborted`: by the signal of the run. */
  readonly status: RunStatus;
  /** The stage that failed; undefined when the input failed or the run was aborted. */
  readonly stage: string | undefined;
  readonly ledger: Ledger;
  readonly rejected: readonly Rejection[];
  /** What `collect()` had collected, by output; empty for a run that was iterated. */
  readonly outputs: Readonly<Record<string, readonly Item[]>>;

  constructor(fields: {
    pipe: string;
    status: RunStatus;
    stage: string | undefined;
    ledger: Ledger;
    rejected: readonly Rejection[];
    outputs: Readonly<Record<string, readonly Item[]>>;
    cause: unknown;
  }) {
    const { in: taken, out, unfinished } = fields.ledger;
    const where = fields.stage === undefined ? "" : ` in stage ${fields.stage}`;
    super(
      `pipe ${fields.pipe} ${fields.status}${where} (${taken} records in, ${out} out, ${fields.ledger.rejected} rejected, ${unfinished} unfinished): ${reasonOf(fields.cause)}`,
      { cause: fields.cause },
    );
    this.pipe = fields.pipe;
    this.status = fields.status;
    this.stage = fields.stage;
    this.ledger = fields.ledger;
    this.rejected = fields.rejected;
    this.outputs = fields.outputs;
  }
}

/** A run is consumed once: by `for await`, `batches()` or `collect()`; and one at a time iterates `run.rejected`. */
export class RunConsumedError extends SlitherError {
  readonly code = "SLITHER_RUN_CONSUMED";

  constructor(pipe: string, what: "run" | "run.rejected" = "run") {
    super(
      what === "run"
        ? `pipe ${pipe}: this run was consumed already; call run() again for another`
        : `pipe ${pipe}: expected one at a time to iterate run.rejected, got a second; leave the first loop before`,
    );
  }
}

/** A run is explained when it has ended: `run.explain()` came before. */
export class RunUnfinishedError extends SlitherError {
  readonly code = "SLITHER_RUN_UNFINISHED";

  constructor(pipe: string) {
    super(`pipe ${pipe}: expected explain() after the run's end, got it before; await run.done first`);
  }
}
