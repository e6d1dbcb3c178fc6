import type { Clock } from "../clock.js";
import type { Fault, Judge, RecordFailure } from "./judge.js";
import type { Ordering } from "./order.js";
import type { PoisonMemory } from "./poison.js";
import type { RateLimitOptions } from "./rate-limit.js";
import type { Place } from "./search.js";
import type { BatchStrategy } from "./strategy.js";

export interface DispatchOptions<Record, Result> {
  readonly strategy: BatchStrategy<Record>;
  /** The most records that the strategy has in a batch; undefined when that is not known. */
  readonly batchRows?: number | undefined;
  readonly ordering: Ordering;
  /** How many batches may be worked on at once. */
  readonly maxInFlight: number;
  /** How much may be held at once: waiting, worked on, or done and waiting for its turn. What one chunk of the input, or one record, has above that is held too. */
  readonly buffer: { readonly rows: number; readonly bytes: number };
  /** About how many bytes of memory a record takes. */
  readonly sizeOf: (record: Record) => number;
  readonly rateLimit?: RateLimitOptions<Record> | undefined;
  readonly clock: Clock;
  /**
   * Carries out one batch, with a result, or a failure, for each record; `sentBefore`: how often its records were sent before. Once `stop` is aborted it is to
   * end soon, however.
   */
  readonly execute: (
    batch: readonly Record[],
    how: { readonly place: Place; readonly sentBefore: number; readonly stop: AbortSignal },
  ) => Promise<readonly (Result | RecordFailure)[]>;
  /** Whether a record only passes by, in its place. */
  readonly passes: (record: Record) => boolean;
  /** Decides on batches, and parts of them, that fail. */
  readonly judge: Judge<Record>;
  readonly faultOf: (error: unknown) => Fault;
  /** The place in its batch of the record that was worked on when the batch failed; undefined where that is not known. Default: never known. */
  readonly suspectOf?: ((error: unknown) => number | undefined) | undefined;
  /** Whether a batch that failed may be searched for the records that fail alone; else all of them fail. */
  readonly divides: boolean;
  readonly poison: PoisonMemory<Record>;
  /** Waits before a retry. Rejects when `stop` is aborted. */
  readonly wait: (ms: number, stop: AbortSignal) => Promise<void>;
  /** Aborted when nobody wants more outcomes. */
  readonly stopped: AbortSignal;
  /** Called first when a batch ends the stream, so that whatever upstream waits for is given up. */
  readonly onFailure: (error: unknown) => void;
  /** Called once at the end, with what the strategy says of itself, and the records that were taken and not given back, in order. */
  readonly onEnd: (
    unfinished: readonly Record[],
    strategy: Readonly<{ [setting: string]: unknown }> | undefined,
  ) => void;
}
