import { AdaptiveBatches } from "../../../src/dispatch/strategies/adaptive.js";
import type { Waiting } from "../../../src/dispatch/strategy.js";

export interface Simulated {
  readonly latencyMs: number;
  readonly minSize?: number;
  readonly maxSize?: number;
  /** How many batches are worked on. */
  readonly batches: number;
  /** How many are in flight at once; one process works on them, one after the other. Default 1. */
  readonly inFlight?: number;
  /** How long the n-th batch takes the process, in milliseconds. */
  readonly cost: (size: number, n: number) => number;
  /** Whether it was answered at the first try. Default: always. */
  readonly ok?: (n: number) => boolean;
}

export interface Answered {
  readonly size: number;
  /** What the strategy said of itself when the batch was sent. */
  readonly described: ReturnType<AdaptiveBatches<number>["describe"]>;
  /** From sending to the answer. */
  readonly durationMs: number;
}

/** A process that is never short of records, with a clock of its own. */
export function simulate(given: Simulated): { strategy: AdaptiveBatches<number>; answered: Answered[] } {
  const { latencyMs, minSize = 1, maxSize = 10_000, inFlight = 1 } = given;
  const strategy = new AdaptiveBatches<number>({ latencyMs, minSize, maxSize });
  const answered: Answered[] = [];
  const sent: { batch: Waiting<number>[]; at: number; described: Answered["described"] }[] = [];
  let now = 0;
  let waiting = 0;
  let records = 0;

  function send(): void {
    for (; waiting < maxSize; waiting++) strategy.add({ record: records++, bytes: 8, since: now });
    const batch = strategy.next({ flush: false });
    if (batch === undefined) throw new Error("a full batch was kept back");
    waiting -= batch.length;
    sent.push({ batch, at: now, described: strategy.describe() });
  }

  for (let n = 0; n < given.batches; n++) {
    while (sent.length < inFlight) send();
    const { batch, at, described } = sent.shift() as (typeof sent)[number];
    now += given.cost(batch.length, n);
    const durationMs = now - at;
    answered.push({ size: batch.length, described, durationMs });
    strategy.completed(batch, { durationMs, ok: given.ok?.(n) ?? true });
  }
  return { strategy, answered };
}
