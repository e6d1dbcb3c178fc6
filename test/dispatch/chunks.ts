import { hops } from "./deferred.js";

/** Gives each array as one chunk, each after its number of microtask turns; `failure` is thrown after the last. */
export async function* chunksOf<Record>(
  chunks: readonly (readonly Record[])[],
  options: { delays?: readonly number[]; failure?: unknown } = {},
): AsyncGenerator<readonly Record[]> {
  for (const [index, chunk] of chunks.entries()) {
    await hops(options.delays?.[index] ?? 0);
    yield chunk;
  }
  if ("failure" in options) throw options.failure;
}

/** Everything that an iteration gives, and what it throws at its end. */
export async function drained<Value>(
  values: AsyncIterable<Value>,
): Promise<{ values: Value[]; thrown: unknown }> {
  const seen: Value[] = [];
  try {
    for await (const value of values) seen.push(value);
  } catch (error) {
    return { values: seen, thrown: error };
  }
  return { values: seen, thrown: undefined };
}
