import type { Ratio, Row } from "./results.js";

/** The value below which the given share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Sums up the ratios of single rounds: their median, and the quarters on both sides of it. */
export function ratioOf(better: Ratio["better"], rounds: readonly number[]): Ratio {
  return {
    better,
    median: median(rounds),
    low: quantile(rounds, 0.25),
    high: quantile(rounds, 0.75),
    rounds: rounds.length,
  };
}

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

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export interface Benchmark {
  readonly title: string;
  /** The units of its figures, and what the ratio is of. */
  readonly note: string;
  run(options: { quick: boolean }): Promise<Row[]>;
  /** Versions of what takes part in this one alone; asked for after it has run. */
  versions?(): Promise<Readonly<Record<string, string>>>;
}
