/**
 * A generator that can be left while it waits. By itself it would come to its `return` only when its `next` is through, and a consumer that is gone
 * (a stream that was destroyed) would have it wait for one more record.
 */
export function leavable<Value>(
  generate: (left: AbortSignal) => AsyncGenerator<Value, void, undefined>,
): AsyncGenerator<Value, void, undefined> {
  const leaving = new AbortController();
  const generator = generate(leaving.signal);
  for (const end of ["return", "throw"] as const) {
    const proper = generator[end].bind(generator) as (
      argument: unknown,
    ) => Promise<IteratorResult<Value, void>>;
    generator[end] = (argument: unknown) => {
      leaving.abort(new Error("the consumer left the run"));
      return proper(argument);
    };
  }
  return generator;
}
