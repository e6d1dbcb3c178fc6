/** A seeded generator (mulberry32), so that a failure can be had again. */
export interface Random {
  readonly seed: number;
  /** From 0 up to, but without, 1. */
  next(): number;
  /** An integer from 0 up to, but without, `limit`. */
  below(limit: number): number;
  /** One of these. */
  of<Value>(values: readonly Value[]): Value;
}

export function seeded(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { seed, next, below, of: (values) => values[below(values.length)] as (typeof values)[number] };
}

/** One that is seeded by SOAK_SEED, else by the time; it says by what. */
export function printedRandom(): Random {
  const seed = Number(process.env.SOAK_SEED ?? Date.now() % 100_000);
  console.log(`seed: ${seed} (again with SOAK_SEED=${seed})`);
  return seeded(seed);
}
