import type { Sending } from "./batch-sender.js";
import type { Item } from "./item.js";

/** What has come of items that were sent. */
export interface Came {
  /** As those of `BatchSender.send`. */
  readonly results: readonly unknown[];
  /** What the cached stage gave back for the item at a place; RecordRejectedError or RecordFailure where it gave nothing. */
  readonly first: (place: number) => unknown;
}

/**
 * Carries out items that the cached stage is to compute, and, where it is fused with others, those that it is not: `entering` are the places of these, whose payloads are
 * its results.
 */
export type Trip = (items: readonly Item[], entering: ReadonlySet<number>, how: Sending) => Promise<Came>;

/** The same of one batch. */
export type BoundTrip = (items: readonly Item[], entering: ReadonlySet<number>) => Promise<Came>;
