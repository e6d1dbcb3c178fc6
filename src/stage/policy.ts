import { z } from "zod";
import { type Duration, duration, positiveInteger, text } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";
import type { Item } from "./item.js";
import { Reject, type RouteOf, RouteTo, requireText } from "./results.js";

/**
 * What happens to records that fail. `halt`: the run ends. `reject`: the record is set aside with the reason, and the run goes on. `routeTo(name)`: it
 * goes to an output. `retry({ … })`: it is tried again first. `reject({ max })`: as `reject`, up to so many. A function decides by itself.
 */
export type ErrorPolicy = FinalPolicy | Retry<string> | PolicyFunction;

/** What a policy comes to once there is nothing left to try. */
export type FinalPolicy = "halt" | "reject" | RejectUpTo | RouteTo;

/** The outputs to which a policy sends what failed. */
export type RouteOfPolicy<Policy> =
  Policy extends Retry<infer Route>
    ? Route
    : Policy extends (...args: never[]) => infer Decided
      ? RouteOf<Awaited<Decided>>
      : RouteOf<Policy>;

/**
 * A policy of your own. Called for a batch that failed with its items, then for each part of it that fails, down to single items; for what fails in a
 * node or route stage with the item. What it throws ends the run.
 *
 * @param error what was thrown, or how the process ended.
 * @param failed the item, or the items of the batch.
 * @param attempts how often they were tried, this time included.
 * @returns `"retry"`: at once; wait before you give it back, for a delay. `"reject"` and `routeTo(name)` for a batch: it is searched for the records
 * that fail alone.
 */
export type PolicyFunction = (
  error: unknown,
  failed: Item | readonly Item[],
  attempts: number,
) => Decision | PromiseLike<Decision>;

export type Decision = "halt" | "reject" | "retry" | RouteTo;

/** `reject` with a bound: made by `reject({ max })`. */
export class RejectUpTo {
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what an error class is made with does not matter here.
export type ErrorClass = abstract new (...args: any[]) => Error;

/** Options of `retry()`. */
export interface RetryOptions<Then extends FinalPolicy = FinalPolicy> {
  /** How often a batch, or a node stage's record, is tried in all. Default 3. */
  attempts?: number | undefined;
  /** The wait before the second try; it doubles with each further one. Default `"200ms"`. */
  backoff?: Duration | undefined;
  /** The longest wait. Default `"30s"`. */
  maxBackoff?: Duration | undefined;
  /** Whether a wait is shortened at random, by up to a half, so that not all come back at once. Default true. */
  jitter?: boolean | undefined;
  /**
   * What else is tried again, beside deaths of the process (but by `limits.memory`) and passed deadlines: classes of errors, and names of Python exceptions, with or without
   * their module, whose subclasses count too. Default: nothing else, because the same code fails the same way.
   */
  on?: readonly (string | ErrorClass)[] | undefined;
  /** What happens when that is used up, and to what is not tried again. Default `"halt"`. */
  then?: Then | undefined;
}

/** Made by `retry()`. */
export class Retry<Route extends string = never> {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly jitter: boolean;
  readonly on: readonly (string | ErrorClass)[];
  readonly final: Exclude<FinalPolicy, RouteTo> | RouteTo<Route>;

  constructor(fields: z.output<typeof retryOptions>) {
    this.attempts = fields.attempts;
    this.backoffMs = fields.backoff;
    this.maxBackoffMs = fields.maxBackoff;
    this.jitter = fields.jitter;
    this.on = fields.on;
    this.final = fields.then as Retry<Route>["final"];
  }
}

const finalPolicy = z.custom<FinalPolicy>(
  (value) =>
    value === "halt" || value === "reject" || value instanceof RejectUpTo || value instanceof RouteTo,
  '"halt", "reject", reject({ max }) or routeTo(name)',
);

/** The options of `retry()`. */
export const retryOptions = z.strictObject(
  {
    attempts: positiveInteger.default(3),
    backoff: duration.prefault("200ms"),
    maxBackoff: duration.prefault("30s"),
    jitter: z.boolean({ error: "true or false" }).default(true),
    on: z
      .array(
        z.union([text("the name of a Python exception"), z.custom<ErrorClass>(isErrorClass)], {
          error: "a class of errors, or the name of a Python exception",
        }),
        { error: "an array of classes of errors and names of Python exceptions" },
      )
      .default([]),
    // biome-ignore lint/suspicious/noThenProperty: it is no function, so nothing takes it for a promise.
    then: finalPolicy.default("halt"),
  },
  { error: "an object" },
);

const rejectOptions = z.strictObject(
  { max: z.int({ error: "a whole number from 0" }).min(0, { error: "a whole number from 0" }) },
  { error: "the reason as text, or an object" },
);

/**
 * In `onError`: tries what may pass the next time again, and says what happens to the rest.
 *
 * @throws OptionsError.
 *
 * @example
 * pipe.onError("predict", retry({ attempts: 3, backoff: "200ms", on: ["ConnectionError"], then: "reject" }))
 */
export function retry<const Then extends FinalPolicy = "halt">(
  options: RetryOptions<Then> = {},
): Retry<RouteOf<Then>> {
  return new Retry(parseOptions("retry()", retryOptions, options));
}

/** In a node stage: sets the record aside with this reason, whatever the policy of the stage. @throws OptionsError for a reason that is no text. */
export function reject(reason: string): Reject;
/**
 * In `onError`: as `"reject"`, but the stage fails with the record that would be the next after so many. What it rejects by `reject(reason)` and
 * `Rejected` counts too.
 *
 * @throws OptionsError.
 */
export function reject(options: { max: number }): RejectUpTo;
export function reject(what: string | { max: number }): Reject | RejectUpTo {
  if (typeof what === "string") return new Reject(requireText("reject()", "the reason", what));
  return new RejectUpTo(parseOptions("reject()", rejectOptions, what).max);
}

/** Whether a value is a policy that can be named in `onError`. */
export function isPolicy(value: unknown): value is ErrorPolicy {
  return (
    value === "halt" ||
    value === "reject" ||
    typeof value === "function" ||
    value instanceof RejectUpTo ||
    value instanceof RouteTo ||
    value instanceof Retry
  );
}

/** The output to which a policy always sends what it gives up; undefined for one that does not, and for functions, which say so each time. */
export function routeOfPolicy(policy: ErrorPolicy): string | undefined {
  const final = policy instanceof Retry ? policy.final : policy;
  return final instanceof RouteTo ? final.route : undefined;
}

function isErrorClass(value: unknown): boolean {
  return typeof value === "function" && (value === Error || value.prototype instanceof Error);
}
