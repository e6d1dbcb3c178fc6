import type { Ratio, Row } from "./results.js";

/** A number with as many digits as are worth reading. */
export function shown(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  if (size >= 1_000) return Number(value.toPrecision(3)).toLocaleString("en");
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** The median, and the quarters on both sides of it: `0.42 (0.39 to 0.45)`. */
export function shownRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  const spread = ratio.rounds > 1 ? ` (${shown(ratio.low)} to ${shown(ratio.high)})` : "";
  return shown(ratio.median) + spread;
}

/** Rows as text, with a column for each figure that one of them has, and for the ratio when one of them has it. */
export function cellsOf(rows: readonly Row[]): { head: string[]; cells: string[][] } {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const ratio = rows.some((row) => row.ratio !== undefined) ? ["ratio"] : [];
  const cells = rows.map((row) => [
    row.name,
    ...columns.map((column) => (row.figures[column] === undefined ? "" : shown(row.figures[column]))),
    ...ratio.map(() => shownRatio(row.ratio)),
  ]);
  return { head: ["", ...columns, ...ratio], cells };
}
