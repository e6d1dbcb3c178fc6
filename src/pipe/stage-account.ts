import type { Chunk, StageBooks } from "../stage/contract.js";
import type { Item, Rejection } from "../stage/item.js";
import { PassingItem } from "../stage/passing-item.js";
import { type StageBook, TooManyRejectedError } from "./ledger.js";
import type { Rejections } from "./rejections.js";

/** How many reasons of filters are counted apart. */
const MOST_REASONS = 100;
const OTHER_REASONS = "(other)";

/** What the accounts of a run count beside those of its stages. */
export interface Strays {
  /** Items on their way to an output that nobody took any more. */
  undelivered: number;
  /** Items on their way to the stage that they enter, when the run ended. */
  notEntered: number;
}

/** Counts of one stage, as they come. Every one is counted where it happens; none is worked out from the others, or the check would mean nothing. */
export class StageAccount implements StageBooks {
  readonly stage: string;
  readonly counts = { in: 0, expanded: 0, out: 0, rejected: 0, filtered: 0, unfinished: 0, leftEarly: 0 };
  /** Of those that it took: those that had passed by the stages before. */
  joined = 0;
  batches = 0;
  batchMs = 0;
  computeMs = 0;
  readonly #index: number;
  readonly #rejections: Rejections;
  readonly #strays: Strays;
  readonly #reasons = new Map<string, number>();

  constructor(stage: string, index: number, rejections: Rejections, strays: Strays) {
    this.stage = stage;
    this.#index = index;
    this.#rejections = rejections;
    this.#strays = strays;
  }

  entered(chunk: Chunk): void {
    for (const item of chunk) {
      if (PassingItem.passes(item, this.#index)) continue;
      this.counts.in += 1;
      if (PassingItem.enters(item, this.#index)) this.joined += 1;
    }
  }

  expanded(count: number): void {
    this.counts.expanded += count;
  }

  left(count: number, leftEarly: number): void {
    this.counts.out += count;
    this.counts.leftEarly += leftEarly;
  }

  rejected(rejection: Rejection, max: number): void {
    if (this.counts.rejected >= max) throw new TooManyRejectedError(max, rejection, this.stage);
    this.#rejections.add(rejection);
    this.counts.rejected += 1;
  }

  filtered(reason: string): void {
    this.counts.filtered += 1;
    const counted = this.#reasons.has(reason) || this.#reasons.size < MOST_REASONS ? reason : OTHER_REASONS;
    this.#reasons.set(counted, (this.#reasons.get(counted) ?? 0) + 1);
  }

  unfinished(items: readonly Item[]): void {
    for (const item of items) {
      if (!PassingItem.passes(item, this.#index)) this.counts.unfinished += 1;
      else if (PassingItem.leaves(item)) this.#strays.undelivered += 1;
      else this.#strays.notEntered += 1;
    }
  }

  room(): Promise<void> | undefined {
    return this.#rejections.room();
  }

  batch(durationMs: number, computeMs: number): void {
    this.batches += 1;
    this.batchMs += durationMs;
    this.computeMs += computeMs;
  }

  book(): StageBook {
    return { ...this.counts, reasons: Object.fromEntries(this.#reasons) };
  }
}
