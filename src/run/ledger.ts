import { SlitherError } from "../errors/slither-error.js";
import type { ItemId, Rejection } from "../stage/item.js";

/** What became of the records that a stage took in: `in + expanded = out + rejected + filtered + unfinished`. */
export interface StageLedger {
  readonly in: number;
  /** How many more were made of them, by `many()`. */
  readonly expanded: number;
  readonly out: number;
  readonly rejected: number;
  /** Left out on purpose. */
  readonly filtered: number;
  /** Neither: the run ended first. */
  readonly unfinished: number;
}

/** The books of one stage, with what a pipe does not have as a whole. */
export interface StageBook extends StageLedger {
  /** Of `out`: those that `routeTo` sent straight to an output, past the stages that follow. */
  readonly leftEarly: number;
  /** `filtered` by reason: the first 100 reasons, and `(other)` for the rest. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** A way from one stage to another that records of a run have taken, or may take. */
export interface LedgerEdge {
  /** The stage that passed them on; undefined: the input. */
  readonly from: string | undefined;
  /** The stage that they went to; undefined: the end, where `output` is what they are given out under. */
  readonly to: string | undefined;
  /** The output on whose line they went on, or to which they were sent. */
  readonly output: string;
  readonly records: number;
}

/** The books of a run. `out` counts the records that the consumer was given. */
export interface Ledger extends StageLedger {
  /** Whether the books add up, for every stage, along every edge, and for the run. A run whose books do not add up throws. */
  readonly balanced: boolean;
  /** `out` by output. */
  readonly routes: Readonly<Record<string, number>>;
  readonly stages: Readonly<Record<string, StageBook>>;
  /** How many records went which way, as the stages passed them on; also the ways that are known beforehand and that none went. */
  readonly edges: readonly LedgerEdge[];
}

/** The books of a run do not add up: a fault of this library. Records may be missing or doubled. */
export class LedgerError extends SlitherError {
  readonly code = "SLITHER_LEDGER";
  readonly ledger: Ledger;
  /** Where they do not add up, one sentence each. */
  readonly differences: readonly string[];

  constructor(ledger: Ledger, differences: readonly string[]) {
    super(`expected the ledger to balance, got ${differences.join("; ")}`);
    this.ledger = ledger;
    this.differences = differences;
  }
}

/** How many rejected records a run keeps in memory, where nobody takes them. */
export const KEPT_REJECTIONS = 10_000;

/** More records were rejected than the run can keep, or than `reject({ max })` allows. */
export class TooManyRejectedError extends SlitherError {
  readonly code = "SLITHER_TOO_MANY_REJECTED";
  readonly max: number;
  /** The stage whose policy set the bound; undefined where it is what a run can keep. */
  readonly stage: string | undefined;
  /** The record that is one too many; `cause` is why it failed. */
  readonly id: ItemId;

  constructor(max: number, { id, error }: Rejection, stage?: string) {
    super(
      stage === undefined
        ? `expected at most ${max} rejected records, which is how many a run keeps, got record ${id} too; take them as they come (run.rejected), or write them to a file (deadLetter)`
        : `expected at most ${max} rejected records in stage ${stage} (reject({ max })), got record ${id} too`,
      { cause: error },
    );
    this.max = max;
    this.stage = stage;
    this.id = id;
  }
}
