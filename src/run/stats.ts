import type { RunAccounts } from "./accounts.js";
import type { CacheStats } from "./cache-counts.js";

/** Figures of one python stage; zero for node stages. */
export interface StageStats {
  readonly batches: number;
  /** Sum over batches, from sending to the answer, waiting in line included. */
  readonly batchMs: number;
  /** Sum over batches of the time inside the Python function. */
  readonly computeMs: number;
  /** The batching of the stage, when it has something to say of itself: its name, and what it has chosen, such as the `size` of `adaptive()`. */
  readonly batching?: Readonly<{ name: string; [setting: string]: unknown }> | undefined;
  /** Of a stage with a `cache`. */
  readonly cache?: CacheStats | undefined;
}

/** Figures of a run. They have no part in its result. */
export interface RunStats {
  /** From the first pull to the end. */
  readonly durationMs: number;
  /** Records that were given out, by the whole duration. */
  readonly recordsPerSecond: number;
  readonly stages: Readonly<Record<string, StageStats>>;
}

export function statsOf(accounts: RunAccounts, durationMs: number): RunStats {
  const stages = accounts.stages.map(({ stage, batches, batchMs, computeMs, batching, cache }) => [
    stage,
    { batches, batchMs, computeMs, ...(batching && { batching }), ...(cache && { cache: cache.stats }) },
  ]);
  return {
    durationMs,
    recordsPerSecond: (accounts.ledger().out / durationMs) * 1_000,
    stages: Object.fromEntries(stages) as Record<string, StageStats>,
  };
}
