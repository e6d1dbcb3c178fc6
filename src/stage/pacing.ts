import type { Ordering } from "../dispatch/order.js";
import { show } from "../options/parse.js";
import type { Item } from "./item.js";

/** How many records a stage may send in any stretch of time of that length. */
export interface RateLimitPlan {
  readonly limit: number;
  readonly intervalMs: number;
  /** The limit holds for each key by itself; without it, for the stage. */
  readonly key?: ((payload: unknown, item: Item) => unknown) | undefined;
}

/** How a stage takes, holds and gives back records. */
export interface Pacing {
  /** Undefined: as the pipe says. */
  readonly ordering?: Ordering | undefined;
  /** `rows` undefined: 10,000, or four batches for each place in flight where that is more. */
  readonly buffer: { readonly rows?: number | undefined; readonly bytes: number };
  readonly rateLimit?: RateLimitPlan | undefined;
}

const DEFAULT_ROWS = 10_000;
const BATCHES_HELD = 4;

/** How much a stage may hold. */
export function bufferOf(
  { buffer }: Pacing,
  maxInFlight: number,
  batchRows: number | undefined,
): { rows: number; bytes: number } {
  const rows = buffer.rows ?? Math.max(DEFAULT_ROWS, BATCHES_HELD * maxInFlight * (batchRows ?? 1));
  return { rows, bytes: buffer.bytes };
}

/** What a rate limit counts a record with. What is no key would be one of its own for each record, and limit nothing. */
export function keyOf({ key }: RateLimitPlan): ((item: Item) => string | number) | undefined {
  if (key === undefined) return undefined;
  return (item) => {
    const value = key(item.payload, item);
    if (typeof value === "string" || typeof value === "number") return value;
    throw new TypeError(`expected key() of the rate limit to return text or a number, got ${show(value)}`);
  };
}
