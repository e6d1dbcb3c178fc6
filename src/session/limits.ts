import { z } from "zod";
import { type Duration, duration, positiveInteger, type Size, size } from "../options/fields.js";

/** What bounds each session. */
export interface SessionLimits {
  /**
   * Memory that the session's process may have on top of what a new one has. Above it, running code gets a MemoryError; at 125 % the process is
   * killed (MemoryLimitError). Linux only. Default: none.
   */
  memory?: Size | undefined;
  /** A session that nobody has used for so long is closed. Default: never. */
  idle?: Duration | undefined;
  /** When the session gets a fresh process, made from its checkpoint or by `setup`, between two calls. Default: never. */
  recycle?: RecycleLimits | undefined;
  /**
   * How long code may take to stop after its deadline or its abort; then its process is killed. A batch of a run that has ended early has at most half a
   * second, where a kill loses no state. Default `"2s"`.
   */
  cancelGrace?: Duration | undefined;
}

/** A session that has reached one of these gets a fresh process, as soon as no change of its state is lost by that. */
export interface RecycleLimits {
  /** Calls and batches that the process has answered. */
  calls?: number | undefined;
  /** Age of the process. */
  age?: Duration | undefined;
  /** Memory that the process has on top of what a new one has. Linux only. */
  memory?: Size | undefined;
}

export const limits = z.strictObject(
  {
    memory: size.optional(),
    idle: duration.optional(),
    recycle: z
      .strictObject(
        { calls: positiveInteger.optional(), age: duration.optional(), memory: size.optional() },
        { error: "an object" },
      )
      .optional(),
    cancelGrace: duration.optional(),
  },
  { error: "an object" },
);

/** {@link SessionLimits}, checked; durations in milliseconds, sizes in bytes. */
export type Limits = z.output<typeof limits>;
