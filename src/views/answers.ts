import { show } from "../options/parse.js";
import type { ViewQuestion } from "../view.js";
import type { ViewContext } from "./context.js";

/** Answers one question: the named arguments that Python has given, `key` among them where it asked for one. */
export type ViewFunction<Params extends object, Result> = (
  params: Params,
  context: ViewContext,
) => Result | PromiseLike<Result>;

/** Answers for many keys at once, with an array of as many values in the same order. `params`: the other named arguments. */
export type BatchViewFunction<Key, Result, Params extends object> = (
  keys: Key[],
  context: ViewContext,
  params: Params,
) => readonly Result[] | PromiseLike<readonly Result[]>;

/** What Python has asked of a view. */
export type Asked = Pick<ViewQuestion, "params" | "keys">;

/** What answers a question: at once, or with a promise. */
type Answering = (asked: Asked, context: ViewContext) => unknown;

/** A function of one question, asked in both ways. */
export function askedForOne(name: string, answer: ViewFunction<object, unknown>): Answering {
  return ({ params, keys }, context) => {
    if (keys === undefined) return whenThere(answer(params, context), orNull);
    if (Object.hasOwn(params, "key")) throw new Error(keyAndKeys(name));
    const values = forEach(keys, (key) => answer({ ...params, key }, context));
    // Without a promise where there is none: a thousand of them cost more than most look-ups.
    return values.some(isPromise) ? Promise.all(values).then(allOrNull) : allOrNull(values);
  };
}

function forEach(keys: Iterable<unknown>, answer: (key: unknown) => unknown): unknown[] {
  const values: unknown[] = [];
  try {
    for (const key of keys) values.push(answer(key));
  } catch (error) {
    // Nobody waits for what came before: a promise among it that rejects would end the process.
    for (const value of values) Promise.resolve(value).catch(() => {});
    throw error;
  }
  return values;
}

/** A function of many keys, asked in both ways. */
export function askedForMany(name: string, answer: BatchViewFunction<unknown, unknown, object>): Answering {
  return ({ params, keys }, context) => {
    if (keys === undefined) {
      if (!Object.hasOwn(params, "key"))
        throw new Error(
          `expected batch view ${JSON.stringify(name)} to be asked with \`key\` or \`keys\`, got neither`,
        );
      const { key, ...others } = params;
      return whenThere(answer([key], context, others), (values) => allOrNull(checked(values, name, 1))[0]);
    }
    if (Object.hasOwn(params, "key")) throw new Error(keyAndKeys(name));
    return whenThere(answer(Array.from(keys), context, params), (values) =>
      allOrNull(checked(values, name, keys.length)),
    );
  };
}

/** Whether it has to be waited for. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

function whenThere(value: unknown, then: (value: unknown) => unknown): unknown {
  return isPromise(value) ? Promise.resolve(value).then(then) : then(value);
}

function checked(values: unknown, name: string, count: number): readonly unknown[] {
  if (Array.isArray(values) && values.length === count) return values;
  throw new Error(
    `expected batch view ${JSON.stringify(name)} to give back an array of ${count}, one value for each key, got ${show(values)}`,
  );
}

/** A function that gives back nothing has the answer None. */
function orNull(value: unknown): unknown {
  return value === undefined ? null : value;
}

function allOrNull(values: readonly unknown[]): unknown[] {
  return Array.from(values, orNull);
}

function keyAndKeys(name: string): string {
  return `expected view ${JSON.stringify(name)} to be asked with \`key\` or \`keys\`, got both`;
}
