import { type Group, type Results, type Row, rowsOf } from "./results.js";

/** A drop must be so many times the wider of the two runs' own spreads. */
const SPREADS = 1.5;
/** And so large a share of the kept ratio: what the speed of a shared machine does between two runs is in no run's spread. */
const LEAST_SHARE = 0.1;

/** A kept ratio beside the one that was measured now. */
export interface Comparison {
  readonly group: string;
  readonly row: string;
  readonly kept: number;
  /** Undefined when the row is measured no longer: what was kept must not vanish unseen. */
  readonly now: number | undefined;
  /** How far the two may lie apart. */
  readonly noise: number;
  readonly dropped: boolean;
}

/**
 * Compares every kept ratio of the groups that were measured now. A ratio has dropped when it is worse by more than 1.5 times the wider
 * of the two spreads (from the lower to the upper quarter of the rounds), and by more than a tenth.
 */
export function compared(kept: Results, now: Results): Comparison[] {
  return Object.entries(now).flatMap(([name, group]) => comparedGroup(name, kept[name], group));
}

function comparedGroup(name: string, kept: Group | undefined, now: Group): Comparison[] {
  const measured = new Map(rowsOf(now).map((row) => [row.name, row]));
  return rowsOf(kept).flatMap((row) => comparedRow(name, row, measured.get(row.name)));
}

function comparedRow(
  group: string,
  { name: row, ratio: kept }: Row,
  measured: Row | undefined,
): Comparison[] {
  if (kept === undefined) return [];
  const now = measured?.ratio;
  const widest = Math.max(kept.high - kept.low, now === undefined ? 0 : now.high - now.low);
  const noise = Math.max(SPREADS * widest, LEAST_SHARE * kept.median);
  const worse = now === undefined ? Number.POSITIVE_INFINITY : now.median - kept.median;
  const dropped = now === undefined || (kept.better === "higher" ? -worse : worse) > noise;
  return [{ group, row, kept: kept.median, now: now?.median, noise, dropped }];
}
