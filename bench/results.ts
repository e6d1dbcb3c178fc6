/** What the benchmarks measured: the shape of bench/results.json, and of what `--json` prints. */
export interface Results {
  readonly [group: string]: Group;
}

/** Benchmarks that are measured together, by one name of the command line. */
export interface Group {
  readonly conditions: Conditions;
  readonly tables: readonly Table[];
}

/** Where and how a group was measured. */
export interface Conditions {
  /** Year, month and day. */
  readonly date: string;
  /** Fewer rounds with less work in each. */
  readonly quick: boolean;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  /** Of all that took part, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What one benchmark measured. */
export interface Table {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly Row[];
}

/** A line of a table. Its name is the only one of its kind in the group: results are compared by it. */
export interface Row {
  readonly name: string;
  /** In the units that the table's note names. */
  readonly figures: Readonly<Record<string, number>>;
  /** How it compares with what was measured beside it, in turns; a row that others are compared with has none. */
  readonly ratio?: Ratio;
}

/** A ratio that was taken once in each round. */
export interface Ratio {
  /** Which way is better. */
  readonly better: "higher" | "lower";
  readonly median: number;
  /** A quarter of the rounds lie below. */
  readonly low: number;
  /** A quarter of the rounds lie above. */
  readonly high: number;
  readonly rounds: number;
}

export function rowOf(results: Results, group: string, name: string): Row | undefined {
  return rowsOf(results[group]).find((row) => row.name === name);
}

export function rowsOf(group: Group | undefined): readonly Row[] {
  return group?.tables.flatMap((table) => table.rows) ?? [];
}

/** Two groups of results in one, those of `newer` in place of those of `older`. */
export function merged(older: Results, newer: Results): Results {
  return { ...older, ...newer };
}

const DIGITS = 4;

/** As bench/results.json has it: numbers to four digits, which is more than any measurement here is good for. */
export function resultsText(results: Results): string {
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(DIGITS)) : value;
  return `${JSON.stringify(results, rounded, 2)}\n`;
}
