import type { Conditions, Ratio, Results, Row } from "../../bench/results.js";

export const CONDITIONS: Conditions = {
  date: "2026-01-02",
  quick: false,
  cpu: "Some CPU",
  cores: 2,
  memoryGigabytes: 8,
  system: "Linux 6.0",
  versions: { "slither-ts": "0.1.0", Node: "20.0.0", Python: "3.11.0" },
};

/** A ratio of five rounds whose quarters lie `spread` apart. */
export function ratio(median: number, spread = 0, better: Ratio["better"] = "higher"): Ratio {
  return { better, median, low: median - spread / 2, high: median + spread / 2, rounds: 5 };
}

/** Results of groups that have one table each. */
export function results(groups: Readonly<Record<string, readonly Row[]>>): Results {
  return Object.fromEntries(
    Object.entries(groups).map(([name, rows]) => [
      name,
      { conditions: CONDITIONS, tables: [{ title: `Title of ${name}`, note: "units", rows }] },
    ]),
  );
}

/** Results of one row of the group `scoring`. */
export function oneRatio(of: Ratio): Results {
  return results({ scoring: [{ name: "row", figures: { pipe: 1 }, ratio: of }] });
}
