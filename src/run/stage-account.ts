import type { CacheUse } from "../stage/cache-use.js";
import type { StageBooks, Trip, Wait } from "../stage/contract.js";
import type { Item, Rejection } from "../stage/item.js";
import { PassingItem } from "../stage/passing-item.js";
import { CacheCounts } from "./cache-counts.js";
import { Crossings } from "./crossings.js";
import { Load } from "./explain/load.js";
import type { Occupancy } from "./explain/occupancy.js";
import type { Waits } from "./explain/waits.js";
import { type StageBook, TooManyRejectedError } from "./ledger.js";
import type { Receipts } from "./receipts.js";
import type { Rejections } from "./rejections.js";

/** How many reasons of filters are counted apart. */
const MOST_REASONS = 100;
const OTHER_REASONS = "(other)";

/** Counts what was on its way past a stage when the run ended: to the stage at a place, or, past them all, to its output. */
export type Strayed = (item: Item, place: number) => void;

/** What the accounts of all stages share. */
export interface Surroundings {
  readonly rejections: Rejections;
  readonly strayed: Strayed;
  /** Of a run over a live source. */
  readonly receipts: Receipts | undefined;
  readonly python: PythonTimes;
  readonly waits: Waits;
}

/** What the Python of a run did, all its trips taken together. */
export interface PythonTimes {
  /** Its processes worked for the run. */
  readonly working: Occupancy;
  /** A message was there, and no answer. */
  readonly asked: Occupancy;
}

/** Counts of one stage, as they come. Every one is counted where it happens; none is worked out from the others, or the check would mean nothing. */
export class StageAccount implements StageBooks {
  readonly stage: string;
  readonly counts = { in: 0, expanded: 0, out: 0, rejected: 0, filtered: 0, unfinished: 0, leftEarly: 0 };
  /** Of `out`: those that went on along the line. */
  onward = 0;
  /** Of `out`: those that were sent to outputs. */
  readonly sentTo = new Map<string, number>();
  batches = 0;
  batchMs = 0;
  computeMs = 0;
  batching: Readonly<Record<string, unknown>> | undefined;
  readonly crossings = new Crossings();
  /** Of a stage that has one. */
  readonly cache: CacheCounts | undefined;
  /** The function of a node stage, a route or a tap. */
  readonly load = new Load();
  readonly #index: number;
  readonly #rejections: Rejections;
  readonly #strayed: Strayed;
  readonly #receipts: Receipts | undefined;
  readonly #python: PythonTimes;
  readonly #waits: Waits;
  readonly #reasons = new Map<string, number>();

  constructor(
    stage: string,
    index: number,
    { rejections, strayed, receipts, python, waits }: Surroundings,
    hasCache = false,
  ) {
    this.stage = stage;
    if (hasCache) this.cache = new CacheCounts();
    this.#index = index;
    this.#rejections = rejections;
    this.#strayed = strayed;
    this.#receipts = receipts;
    this.#python = python;
    this.#waits = waits;
  }

  entered(count: number): void {
    this.counts.in += count;
  }

  expanded(item: Item, children: readonly Item[]): void {
    this.counts.expanded += children.length - 1;
    this.#receipts?.divided(item, children);
  }

  left(count: number, onward: number): void {
    this.counts.out += count;
    this.onward += onward;
  }

  sent(output: string, early: boolean): void {
    this.sentTo.set(output, (this.sentTo.get(output) ?? 0) + 1);
    if (early) this.counts.leftEarly += 1;
  }

  rejected(rejection: Rejection, max: number): void {
    if (this.counts.rejected >= max) throw new TooManyRejectedError(max, rejection, this.stage);
    this.#rejections.add(rejection);
    this.#receipts?.shown(rejection);
    this.counts.rejected += 1;
  }

  filtered(item: Item, reason: string): void {
    this.#receipts?.leftOut(item);
    this.counts.filtered += 1;
    const counted = this.#reasons.has(reason) || this.#reasons.size < MOST_REASONS ? reason : OTHER_REASONS;
    this.#reasons.set(counted, (this.#reasons.get(counted) ?? 0) + 1);
  }

  unfinished(items: readonly Item[]): void {
    for (const item of items) {
      if (PassingItem.passes(item, this.#index)) this.#strayed(item, PassingItem.placeOf(item) as number);
      else this.counts.unfinished += 1;
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

  crossed(trip: Trip): void {
    this.crossings.add(trip);
    const { encoded, received, answered } = trip.times;
    this.#python.working.add(received, answered);
    this.#python.asked.add(encoded, answered);
  }

  cached(use: CacheUse | undefined): void {
    this.cache?.add(use);
  }

  worked(durationMs: number): void {
    this.load.add(durationMs);
  }

  waited(wait: Wait, began: number): void {
    this.#waits.add(wait, began);
  }

  batched(facts: Readonly<Record<string, unknown>>): void {
    this.batching = facts;
  }

  book(): StageBook {
    return { ...this.counts, reasons: Object.fromEntries(this.#reasons) };
  }
}
