/** Inputs that can be watched. */
export interface Watched<Input> {
  readonly input: Input;
  /** Records given so far. */
  readonly given: number;
  /** How often the input was told that no more is wanted. */
  readonly returned: number;
}

/** Numbers from 0; `failAt` is the position at which it throws `failure`. */
export function numbers(
  options: { count?: number; failAt?: number; failure?: unknown } = {},
): Watched<Iterable<number>> {
  const { count = Number.POSITIVE_INFINITY, failAt, failure } = options;
  const state = { given: 0, returned: 0 };
  const iterator: Iterator<number> = {
    next: () => {
      if (state.given === failAt) throw failure;
      if (state.given === count) return { done: true, value: undefined };
      return { done: false, value: state.given++ };
    },
    return: () => {
      state.returned += 1;
      return { done: true, value: undefined };
    },
  };
  return Object.assign(state, { input: { [Symbol.iterator]: () => iterator } });
}

/** The same, asynchronously; `stuckAt` is the position from which it never answers. */
export function asyncNumbers(
  options: { count?: number; failAt?: number; failure?: unknown; stuckAt?: number } = {},
): Watched<AsyncIterable<number>> {
  const { stuckAt, ...rest } = options;
  const watched = numbers(rest);
  const iterator = watched.input[Symbol.iterator]();
  const async: AsyncIterator<number> = {
    next: async () => (watched.given === stuckAt ? new Promise<never>(() => {}) : iterator.next()),
    return: async () => iterator.return?.() as IteratorResult<number>,
  };
  return Object.assign(watched, { input: { [Symbol.asyncIterator]: () => async } });
}

/** The numbers from 0 up to, but without, `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
