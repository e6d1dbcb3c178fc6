import { z } from "zod";
import { abortSignal, type Duration, duration, plainObject, text } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";

/** Options of reading an attribute. */
export interface GetOptions {
  /** From the call to its answer, waiting in line included. A call that is running then is killed with its worker. Default: no limit. */
  timeout?: Duration | undefined;
  /** Aborts the call. One that is running then is killed with its worker; one that still waits never runs. */
  signal?: AbortSignal | undefined;
}

/** Options of one call. */
export interface CallOptions extends GetOptions {
  /** Keyword arguments. Default: none. */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
}

/** Options of `session.close()`. */
export interface CloseOptions {
  /** How long calls that were already made may go on. Then what still waits is refused, and a running call is killed. Default `"5s"`. */
  timeout?: Duration | undefined;
}

const limits = { timeout: duration.optional(), signal: abortSignal.optional() };

const getOptions = z.strictObject(limits, { error: "an object" });

const callOptions = z.strictObject(
  {
    kwargs: plainObject<Readonly<Record<string, unknown>>>("an object of keyword arguments").default({}),
    ...limits,
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

/** What bounds a call. */
export interface Limits {
  readonly timeoutMs?: number | undefined;
  readonly abort?: AbortSignal | undefined;
}

/** Checks the options of a call, and sorts them into what goes to Python and what bounds the call. */
export function readCallOptions(
  where: string,
  options: CallOptions,
): { kwargs: Readonly<Record<string, unknown>>; limits: Limits } {
  // Most calls have none, and a small call costs little more than what is checked here.
  if (options === NO_OPTIONS) return { kwargs: {}, limits: {} };
  const { kwargs, timeout, signal } = parseOptions(where, callOptions, options);
  return { kwargs, limits: { timeoutMs: timeout, abort: signal } };
}

/** Checks the options of reading an attribute. */
export function readGetOptions(where: string, options: GetOptions): Limits {
  if (options === NO_OPTIONS) return {};
  const { timeout, signal } = parseOptions(where, getOptions, options);
  return { timeoutMs: timeout, abort: signal };
}
