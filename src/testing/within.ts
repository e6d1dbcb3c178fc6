import { LONGEST_TIMER_MS } from "../options/fields.js";

export const TIMED_OUT = Symbol("timed out");

/** What a promise comes to, or TIMED_OUT when that takes longer. */
export async function within<Result>(
  ms: number,
  promise: Promise<Result>,
): Promise<Result | typeof TIMED_OUT> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), Math.min(ms, LONGEST_TIMER_MS));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
