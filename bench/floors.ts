import { type Results, type Row, rowOf, rowsOf } from "./results.js";

/** What a figure must reach at least, or at most. */
export interface Floor {
  readonly group: string;
  /** The name of the row. */
  readonly row: string;
  /** `ratio`, or one of the row's figures. */
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What `figure` is, with its unit. */
  readonly says: string;
  /** Where this share of the limit, the ratio of the row, does as well. */
  readonly orOfLimit?: number;
}

/** A floor beside what was measured; `value` is undefined when nothing was. */
export interface JudgedFloor extends Floor {
  readonly value: number | undefined;
  readonly met: boolean;
}

const OF_LIMIT = { group: "scoring", figure: "ratio", says: "of the limit" };
const OF_ECHO = { group: "call", figure: "ratio", atMost: 1.7, says: "times a raw echo" };
const GROWTH = { group: "memory", figure: "growth", atMost: 60, says: "MB more at the end" };

const FLOORS: readonly Floor[] = [
  { ...OF_ECHO, row: "session.call" },
  { ...OF_ECHO, row: "session.call, on one core" },
  { ...OF_ECHO, row: "session.call, on two cores" },
  { ...OF_LIMIT, row: "1 session, batch 100", atLeast: 0.6 },
  { ...OF_LIMIT, row: "1 session, batch 1000", atLeast: 0.6 },
  { ...OF_LIMIT, row: "2 sessions, batch 100", atLeast: 0.5 },
  { ...OF_LIMIT, row: "2 sessions, batch 1000", atLeast: 0.5 },
  {
    group: "columns",
    row: "columns, batch 1000",
    figure: "pipe",
    atLeast: 1_500,
    says: "thousand records a second",
    orOfLimit: 0.5,
  },
  { group: "arrays", row: "a new array", figure: "call", atMost: 60, says: "ms" },
  { group: "arrays", row: "an array that is shared already", figure: "call", atMost: 5, says: "ms" },
  { ...GROWTH, row: "Node, resident" },
  { ...GROWTH, row: "Node, heap" },
  { ...GROWTH, row: "Python" },
  { group: "store", row: "get, table", figure: "ratio", atMost: 3, says: "times a Map" },
  { group: "store", row: "view, one key", figure: "ratio", atMost: 3, says: "times a raw echo" },
  { group: "store", row: "batch view, 1,000 keys", figure: "each", atMost: 2, says: "µs for each key" },
  { group: "store", row: "warm cache", figure: "ratio", atMost: 1, says: "times the time with a cold cache" },
];

/** Every floor with what was measured, and that no peer is ahead in any row. */
export function judgedFloors(results: Results): JudgedFloor[] {
  return [...FLOORS, ...rowsOf(results.peers).flatMap(aheadOf)].map((floor) => {
    const row = rowOf(results, floor.group, floor.row);
    const value = floor.figure === "ratio" ? row?.ratio?.median : row?.figures[floor.figure];
    const share = row?.ratio?.median;
    const isEnough = floor.orOfLimit !== undefined && share !== undefined && share >= floor.orOfLimit;
    return { ...floor, value, met: isEnough || (value !== undefined && reaches(value, floor)) };
  });
}

function aheadOf({ name, ratio }: Row): Floor[] {
  if (ratio === undefined) return [];
  const bound = ratio.better === "higher" ? { atLeast: 1 } : { atMost: 1 };
  return [{ group: "peers", row: name, figure: "ratio", ...bound, says: "times the peer's" }];
}

function reaches(
  value: number,
  { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Floor,
): boolean {
  return value >= atLeast && value <= atMost;
}
