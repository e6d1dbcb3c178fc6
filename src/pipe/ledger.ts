import { SlitherError } from "../errors/slither-error.js";
import type { StageBooks } from "../stage/contract.js";
import type { Rejection } from "../stage/item.js";

/** What became of the records that a stage took in: `in = out + rejected + filtered + unfinished`. */
export interface StageLedger {
  readonly in: number;
  readonly out: number;
  readonly rejected: number;
  /** Left out on purpose. */
  readonly filtered: number;
  /** Neither: the run ended first. */
  readonly unfinished: number;
}

/** The books of a run. `out` counts the records that the consumer was given. */
export interface Ledger extends StageLedger {
  /** Whether the books add up, for every stage, between stages, and for the run. A run whose books do not add up throws. */
  readonly balanced: boolean;
  /** `out` by output. */
  readonly routes: Readonly<Record<string, number>>;
  readonly stages: Readonly<Record<string, StageLedger>>;
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

/** How many rejected records a run keeps in memory. */
export const KEPT_REJECTIONS = 10_000;

/** More records were rejected than the run can keep. */
export class TooManyRejectedError extends SlitherError {
  readonly code = "SLITHER_TOO_MANY_REJECTED";

  constructor() {
    super(`expected at most ${KEPT_REJECTIONS} rejected records, which is how many a run keeps, got more`);
  }
}

interface Counts {
  in: number;
  out: number;
  rejected: number;
  unfinished: number;
}

/** Counts of one stage, as they come. Every one is counted where it happens; none is worked out from the others, or the check would mean nothing. */
export class StageAccount implements StageBooks {
  readonly stage: string;
  readonly counts: Counts = { in: 0, out: 0, rejected: 0, unfinished: 0 };
  batches = 0;
  batchMs = 0;
  computeMs = 0;
  readonly #rejected: Rejection[];

  constructor(stage: string, rejected: Rejection[]) {
    this.stage = stage;
    this.#rejected = rejected;
  }

  entered(count: number): void {
    this.counts.in += count;
  }

  left(count: number): void {
    this.counts.out += count;
  }

  rejected(rejection: Rejection): void {
    if (this.#rejected.length === KEPT_REJECTIONS) throw new TooManyRejectedError();
    this.counts.rejected += 1;
    this.#rejected.push(rejection);
  }

  unfinished(count: number): void {
    this.counts.unfinished += count;
  }

  batch(durationMs: number, computeMs: number): void {
    this.batches += 1;
    this.batchMs += durationMs;
    this.computeMs += computeMs;
  }
}

/** The books of a run while it runs. */
export class RunAccounts {
  /** Records taken from the input. */
  taken = 0;
  /** Records that went through every stage and that the consumer did not take. */
  undelivered = 0;
  readonly rejected: Rejection[] = [];
  readonly stages: readonly StageAccount[];
  readonly #delivered: Record<string, number>;

  constructor(stages: readonly string[], routes: readonly string[]) {
    this.stages = stages.map((stage) => new StageAccount(stage, this.rejected));
    this.#delivered = Object.fromEntries(routes.map((route) => [route, 0]));
  }

  delivered(route: string): void {
    this.#delivered[route] = (this.#delivered[route] ?? 0) + 1;
  }

  /** The ledger as it stands. */
  ledger(): Ledger {
    return {
      ...this.#totals(),
      balanced: this.differences().length === 0,
      routes: { ...this.#delivered },
      stages: this.#stageLedgers(),
    };
  }

  /** Where the books do not add up; empty when they do. */
  differences(): string[] {
    const between = this.stages.map((account, index) => {
      const [before, given] =
        index === 0
          ? ["the input", this.taken]
          : [this.stages[index - 1]?.stage, this.stages[index - 1]?.counts.out];
      return check(`${before} gave`, given as number, `${account.stage} took`, account.counts.in);
    });
    const inside = this.stages.map(({ stage, counts }) =>
      check(`${stage} took`, counts.in, "accounted for", counts.out + counts.rejected + counts.unfinished),
    );
    const last = this.stages.at(-1)?.counts.out ?? this.taken;
    const { out } = this.#totals();
    const end = check("the last stage gave", last, "delivered or left over", out + this.undelivered);
    return [...between, ...inside, end].filter((difference) => difference !== undefined);
  }

  #totals(): StageLedger {
    const sum = (count: (counts: Counts) => number): number =>
      this.stages.reduce((total, { counts }) => total + count(counts), 0);
    return {
      in: this.taken,
      out: Object.values(this.#delivered).reduce((total, count) => total + count, 0),
      rejected: sum((counts) => counts.rejected),
      filtered: 0,
      unfinished: sum((counts) => counts.unfinished) + this.undelivered,
    };
  }

  #stageLedgers(): Record<string, StageLedger> {
    return Object.fromEntries(this.stages.map(({ stage, counts }) => [stage, { ...counts, filtered: 0 }]));
  }
}

function check(giver: string, given: number, taker: string, taken: number): string | undefined {
  return given === taken ? undefined : `${giver} ${given} records, ${taker} ${taken}`;
}
