/**
 * A Python `tuple`: an array that goes back as a tuple.
 *
 * @example
 * const [coefficients, intercept] = (await session.call("model", "parameters")) as Tuple<number[]>;
 */
export class Tuple<T = unknown> extends Array<T> {
  /** `map`, `filter`, `slice` of a tuple give plain arrays. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** Makes a {@link Tuple}, to pass a Python function that insists on one. */
export function tuple<const T extends readonly unknown[]>(...items: T): Tuple<T[number]> {
  const made = new Tuple<T[number]>(items.length);
  for (const [index, item] of items.entries()) made[index] = item;
  return made;
}
