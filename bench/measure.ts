/** The value below which the given share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Microseconds of each of `count` awaited calls, one after the other. */
export async function timeEach(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const began = process.hrtime.bigint();
    await call();
    times.push(Number(process.hrtime.bigint() - began) / 1_000);
  }
  return times;
}

/** A line of a benchmark's table; `ratio` compares with what was measured beside it in the same run. */
export interface Row {
  readonly name: string;
  readonly figures: Readonly<Record<string, number>>;
}

export interface Benchmark {
  readonly title: string;
  /** What the ratio is of, and which way is better. */
  readonly note: string;
  run(options: { quick: boolean }): Promise<Row[]>;
}
