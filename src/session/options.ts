import { z } from "zod";
import { abortSignal, type Duration, duration, plainObject, text } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";
import type { ExecutionOptions } from "./execution-options.js";

/** Options of reading an attribute. */
export interface GetOptions {
  /**
   * From the call to its answer, waiting in line included. A call that is running then is stopped: by an exception (`Cancelled`) in its code, and when
   * it does not heed that within `limits.cancelGrace`, by killing its worker. Default: no limit.
   */
  timeout?: Duration | undefined;
  /** Aborts the call. One that is running then is stopped as by `timeout`; one that still waits never runs. */
  signal?: AbortSignal | undefined;
}

/** Options of one call. */
export interface CallOptions extends GetOptions {
  /** Keyword arguments. Default: none. */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The call changes nothing that later calls need, and may be repeated: when the worker dies it is made again, up to three times in all; and it is
   * no reason for a checkpoint. Default false.
   */
  idempotent?: boolean | undefined;
}

/** Options of `session.close()`. */
export interface CloseOptions {
  /** How long calls that were already made may go on. Then what still waits is refused, and a running call is stopped. Default `"5s"`. */
  timeout?: Duration | undefined;
}

const limits = { timeout: duration.optional(), signal: abortSignal.optional() };

const getOptions = z.strictObject(limits, { error: "an object" });

const callOptions = z.strictObject(
  {
    kwargs: plainObject<Readonly<Record<string, unknown>>>("an object of keyword arguments").default({}),
    ...limits,
    idempotent: z.boolean({ error: "true or false" }).default(false),
  },
  { error: "an object" },
);

export const closeOptions = z.strictObject({ timeout: duration.prefault("5s") }, { error: "an object" });

const args = z.array(z.unknown(), {
  error: "an array of positional arguments (keyword arguments go into the option `kwargs`)",
});

/** The arguments of `call` and `create` that come before the options. */
export const callArguments = z.strictObject({
  module: text("the name of a Python module"),
  function: text("the name of a function in it"),
  args,
});

/** The arguments of `ref.call` that come before the options. */
export const methodArguments = z.strictObject({
  method: z.string({ error: "the name of a method, or the empty text for the object itself" }),
  args,
});

/** The argument of `ref.get` that comes before the options. */
export const attributeArguments = z.strictObject({ attribute: text("the name of an attribute") });

/** What a call without options has. */
export const NO_OPTIONS: CallOptions = Object.freeze({});

/** How often a call that may be repeated is made, when each time it kills its worker. */
const MOST_ATTEMPTS = 3;

/** A plain call may have changed the state, whatever became of it. */
const PLAIN: ExecutionOptions = { attempts: 1, changesState: true };

/** Reading an attribute, or a call that says so of itself. */
const IDEMPOTENT: ExecutionOptions = { attempts: MOST_ATTEMPTS, changesState: false };

/** Checks the options of a call, and sorts them into what goes to Python and how it is carried out. */
export function readCallOptions(
  where: string,
  options: CallOptions,
): { kwargs: Readonly<Record<string, unknown>>; limits: ExecutionOptions } {
  // Most calls have none, and a small call costs little more than what is checked here.
  if (options === NO_OPTIONS) return { kwargs: {}, limits: PLAIN };
  const { kwargs, timeout, signal, idempotent } = parseOptions(where, callOptions, options);
  return { kwargs, limits: { ...(idempotent ? IDEMPOTENT : PLAIN), timeoutMs: timeout, abort: signal } };
}

/** Checks the options of reading an attribute. */
export function readGetOptions(where: string, options: GetOptions): ExecutionOptions {
  if (options === NO_OPTIONS) return IDEMPOTENT;
  const { timeout, signal } = parseOptions(where, getOptions, options);
  return { ...IDEMPOTENT, timeoutMs: timeout, abort: signal };
}
