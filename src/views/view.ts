import { z } from "zod";
import { callback, type Duration, duration } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";
import {
  type Asked,
  askedForMany,
  askedForOne,
  type BatchViewFunction,
  type ViewFunction,
} from "./answers.js";
import type { ViewContext } from "./context.js";

/** Options of `view()` and `batchView()`. */
export interface ViewOptions {
  /** How long an answer may take; then Python gets a `ViewTimeoutError`. Default `"30s"`. */
  timeout?: Duration | undefined;
}

/** A function of this process that Python may call by its name. Made by `view()` or `batchView()`; immutable. */
export class View {
  readonly name: string;
  /** @internal How long an answer may take. */
  readonly timeoutMs: number;
  readonly #answer: (asked: Asked, context: ViewContext) => unknown;

  /** @internal */
  constructor(
    { name, timeoutMs }: { name: string; timeoutMs: number },
    answer: (asked: Asked, context: ViewContext) => unknown,
  ) {
    this.name = name;
    this.timeoutMs = timeoutMs;
    this.#answer = answer;
    Object.freeze(this);
  }

  /** @internal The answer, or a promise of it; one value, or an array of one for each key. Throws what the function throws. */
  answer(asked: Asked, context: ViewContext): unknown {
    return this.#answer(asked, context);
  }
}

export const viewOptions = z.strictObject({ timeout: duration.prefault("30s") }, { error: "an object" });

/** Dots and dashes for whoever has names for groups of views; nothing that looks different from what it is. */
const NAME = /^[\p{L}_][\p{L}\p{N}_.-]*$/u;
const NAME_EXPECTED = 'a name of letters, digits, "_", "." and "-"';

/** The name of a view. */
export const viewName = z.string({ error: NAME_EXPECTED }).regex(NAME, { error: NAME_EXPECTED });

const viewArguments = z.strictObject({
  name: viewName,
  answer: callback<() => unknown>("a function"),
});

/**
 * A function that Python may call, from within a call or a batch, to get a value of this process: `view("price", key=7)`. It may be asynchronous.
 * Asked with `keys`, it is called once for each, all at once, with `key` among the params.
 *
 * @param name what Python calls it by.
 * @throws OptionsError.
 *
 * @example
 * const price = view("price", ({ key }: { key: string }) => prices.get(key));
 * await using engine = await local({ views: [price] });
 */
export function view<Params extends object = Record<string, unknown>, Result = unknown>(
  name: string,
  answer: ViewFunction<Params, Result>,
  options: ViewOptions = {},
): View {
  parseOptions("view()", viewArguments, { name, answer });
  const { timeout } = parseOptions(`view(${JSON.stringify(name)})`, viewOptions, options);
  return new View({ name, timeoutMs: timeout }, askedForOne(name, answer as ViewFunction<object, unknown>));
}

/**
 * The same for a function that answers for many keys at once: `view("prices", keys=[7, 8])` is one trip. Asked with `key`, it is called with an array of
 * that one.
 *
 * @param answer gives back an array of as many values as it got keys.
 * @throws OptionsError.
 */
export function batchView<Key = unknown, Result = unknown, Params extends object = Record<string, unknown>>(
  name: string,
  answer: BatchViewFunction<Key, Result, Params>,
  options: ViewOptions = {},
): View {
  parseOptions("batchView()", viewArguments, { name, answer });
  const { timeout } = parseOptions(`batchView(${JSON.stringify(name)})`, viewOptions, options);
  return new View(
    { name, timeoutMs: timeout },
    askedForMany(name, answer as BatchViewFunction<unknown, unknown, object>),
  );
}
