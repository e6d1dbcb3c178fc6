import type { BatchReply } from "../wire/batch-reply.js";

/** Whether the function of a step was given a record. */
export type Reached = (step: number) => boolean;

/** @param size how many records the batch had. @param entering how many of them came in behind the first step. */
export function reachedSteps({ left }: Pick<BatchReply, "left">, size: number, entering = 0): Reached {
  const first = entering < size ? 0 : 1;
  const last =
    left.length < size
      ? Number.POSITIVE_INFINITY
      : left.reduce((latest, { step }) => Math.max(latest, step), first);
  return (step) => step >= first && step <= last;
}
