/**
 * Whose fault a failure may be. `everyone`: it would hit every record alike, and ends the stream. `records`: the code raised. `process`: the process
 * died of it. `time`: it passed its deadline. The last two have cost a process, or may do so.
 */
export type Fault = "everyone" | "records" | "process" | "time";

/** A batch, or a part of one, that failed. */
export interface Failed<Record> {
  readonly error: unknown;
  readonly records: readonly Record[];
  /** How often these records were tried, this time included; 0 for one that is known from before and was not. */
  readonly attempts: number;
}

/** What is to be done with records that failed. `reject` and `routeTo` hold for those that fail alone: a batch is searched for them. */
export type Verdict =
  | { readonly kind: "halt" }
  | { readonly kind: "retry"; readonly afterMs: number }
  | { readonly kind: "reject" }
  | { readonly kind: "routeTo"; readonly route: string };

/** Decides on failures; what it throws ends the stream. */
export type Judge<Record> = (failed: Failed<Record>) => Verdict | PromiseLike<Verdict>;

/** In place of a result: this record has failed by itself, and the others of its batch have not. */
export class RecordFailure {
  readonly error: unknown;
  /** Of the failures in one answer, those of a lower rank are judged first. */
  readonly rank: number;

  constructor(error: unknown, rank = 0) {
    this.error = error;
    this.rank = rank;
  }
}

/** What became of one record. */
export type Outcome<Record, Result> =
  | { readonly kind: "done"; readonly record: Record; readonly result: Result; readonly attempts: number }
  | {
      readonly kind: "failed";
      readonly record: Record;
      readonly error: unknown;
      readonly verdict: FinalVerdict;
      readonly attempts: number;
    }
  /** It was none of this stage's business. */
  | { readonly kind: "passed"; readonly record: Record };

export type FinalVerdict = Extract<Verdict, { kind: "reject" | "routeTo" }>;
