import { z } from "zod";
import { type Duration, duration, positiveInteger, text } from "../options/fields.js";

/** Options of `session.fork()`. */
export interface ForkOptions {
  /** The id of the fork. Default: the session's own with `/fork-1`, `/fork-2`, … */
  id?: string | undefined;
  /** Whether the fork gets random states of its own (`random`, numpy, torch); else it goes on with those of the session. Default false. */
  reseed?: boolean | undefined;
  /** How long to wait for room when `maxSessions` or `maxProcesses` is reached. Default `"30s"`. */
  queueTimeout?: Duration | undefined;
}

/** Options of `session.fork()` for several forks at once. */
export interface FamilyOptions extends Omit<ForkOptions, "id"> {
  /** How many forks; all or none are made. */
  count: number;
}

export const forkOptions = z
  .strictObject(
    {
      id: text("a text that is not empty").optional(),
      count: positiveInteger.optional(),
      reseed: z.boolean({ error: "true or false" }).default(false),
      queueTimeout: duration.prefault("30s"),
    },
    { error: "an object" },
  )
  .refine(({ id, count }) => id === undefined || count === undefined, {
    path: ["id"],
    error: "left out where there is a `count`",
  });

export type ParsedForkOptions = z.output<typeof forkOptions>;
