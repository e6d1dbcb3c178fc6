/** What the ages of a table's values are measured with. */
export interface TableTime {
  /** The time, in milliseconds, by which values grow old. */
  now(): number;
  /** From which age on a value is expired, in milliseconds; Infinity: never. */
  readonly ttlMs: number;
}

/** Beside the tables: who uses one need not know of it, and who holds a value of one can tell how old it has become. */
const times = new WeakMap<object, TableTime>();

export function keepTime(table: object, time: TableTime): void {
  times.set(table, time);
}

/** Undefined for a table that is not one of ours. */
export function timeOf(table: object): TableTime | undefined {
  return times.get(table);
}
