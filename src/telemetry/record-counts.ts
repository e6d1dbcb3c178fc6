import { metrics } from "@opentelemetry/api";
import { meterOf } from "./scope.js";

interface Counts {
  readonly in: number;
  readonly out: number;
  readonly rejected: number;
  readonly filtered: number;
}

/** How many records came to which end in a stage, in all of its runs. */
export interface RecordCounts {
  readonly pipe: string;
  readonly stage: string;
  readonly counts: Counts;
}

const working = new Set<RecordCounts>();
const ended = new Map<string, RecordCounts>();

/**
 * Counts the records of a stage of a run from here on. `counts` is read whenever metrics are collected: the books of the stage, which change while it
 * works. Gives back what is to be called at its end.
 */
export function countRecords(pipe: string, stage: string, counts: Counts): () => void {
  if (meterOf(metrics.getMeterProvider()) === undefined) return () => {};
  const own = { pipe, stage, counts };
  working.add(own);
  return () => {
    if (working.delete(own)) add(ended, own);
  };
}

/** The sums of all runs since the start, ended and under way. */
export function recordCounts(): Iterable<RecordCounts> {
  const sums = new Map(ended);
  for (const own of working) add(sums, own);
  return sums.values();
}

function add(sums: Map<string, RecordCounts>, { pipe, stage, counts }: RecordCounts): void {
  const key = JSON.stringify([pipe, stage]);
  const before = sums.get(key)?.counts ?? { in: 0, out: 0, rejected: 0, filtered: 0 };
  sums.set(key, {
    pipe,
    stage,
    counts: {
      in: before.in + counts.in,
      out: before.out + counts.out,
      rejected: before.rejected + counts.rejected,
      filtered: before.filtered + counts.filtered,
    },
  });
}
