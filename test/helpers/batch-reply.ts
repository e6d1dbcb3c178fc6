import type { Reply } from "../../src/engine.js";
import type { BatchReply, BatchTimes } from "../../src/wire/batch-reply.js";

/** What of an answer is not made up from its results. */
export interface BatchReplyOptions extends Partial<Pick<BatchReply, "left" | "taps">> {
  /** How many steps the batch had. Default 1. */
  readonly steps?: number;
  /** How long each step took. Default 0. */
  readonly computeMs?: number;
  /** How long lies between two steps. Default 0. */
  readonly betweenMs?: number;
}

/** An answer to a batch, with the results of the payloads that came through. */
export function batchReply(
  results: readonly unknown[],
  { left = [], taps = [], steps = 1, computeMs = 0, betweenMs = 0 }: BatchReplyOptions = {},
): Reply {
  const times = timesOf(steps, computeMs, betweenMs);
  const bytes = { sent: 10, received: 20 };
  return {
    value: undefined,
    computeNanoseconds: steps * computeMs * 1e6,
    batch: { results, left, taps, bytes, times },
  };
}

function timesOf(steps: number, computeMs: number, betweenMs: number): BatchTimes {
  const now = performance.now();
  const stepTimes = Array.from({ length: steps }, (_, step) => {
    const began = now + (computeMs + betweenMs) * step;
    return { began, done: began + computeMs };
  });
  const end = stepTimes.at(-1)?.done as number;
  return {
    asked: now,
    encoded: now,
    begun: now,
    received: now,
    decoded: now,
    steps: stepTimes,
    answered: end,
    arrived: end,
    read: end,
  };
}
