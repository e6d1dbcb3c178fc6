import type { Columns } from "./columns.js";
import type { ColumnKinds } from "./columns-infer.js";
import { type OpenColumn, openColumn, valueFits } from "./columns-put.js";
import { misfitOf } from "./columns-refusal.js";
import { isRecord } from "./record.js";

/** Puts rows into columns; gives back the index of the first that does not fit, or their number. */
type Gatherer = (rows: readonly unknown[], columns: readonly OpenColumn[]) => number;

/** Turns the rows of one stage into columns, batch after batch. */
export class RowGatherer {
  readonly kinds: ColumnKinds;
  readonly #gather: Gatherer;

  constructor(kinds: ColumnKinds) {
    this.kinds = kinds;
    this.#gather = gathererOf(kinds.keys);
  }

  /**
   * @param root names the rows in the path of an error.
   * @throws ValueNotSupportedError for the first row that does not fit.
   */
  columnsOf(rows: readonly unknown[], root: string): Columns {
    const { keys, kinds } = this.kinds;
    const open = kinds.map((kind) => (kind === undefined ? NOTHING_FITS : openColumn(kind, rows.length)));
    let fitting: number;
    try {
      fitting = this.#gather(rows, open);
    } catch {
      // A getter of the caller's own.
      fitting = rows.findIndex((row) => !fits(row, this.kinds));
    }
    if (fitting < rows.length) throw misfitOf(rows[fitting], `${root}[${fitting}]`, this.kinds);
    return { rows: rows.length, keys, values: open.map(({ column }) => column) };
  }
}

const NOTHING_FITS: OpenColumn = { put: () => false, column: [] };

/** Whether a row has these keys, and values that fit. */
function fits(row: unknown, { keys, kinds }: ColumnKinds): boolean {
  try {
    return hasKeys(row, keys) && keys.every((key, place) => valueFits(row[key], kinds[place]));
  } catch {
    return false;
  }
}

function gathererOf(keys: readonly string[]): Gatherer {
  try {
    return compiled(keys);
  } catch {
    return looped(keys);
  }
}

/** Fields that stand in the code are read several times as fast as by a key from a list; where code may not be made of text, that has to do. */
function compiled(keys: readonly string[]): Gatherer {
  const puts = keys.map((_, place) => `put${place}`);
  const calls = keys.map((key, place) => `put${place}(index, row[${JSON.stringify(key)}])`);
  return new Function(
    "hasKeys",
    "keys",
    `return (rows, columns) => {
      const [${puts.join(", ")}] = columns.map(({ put }) => put);
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index];
        if (!(${["hasKeys(row, keys)", ...calls].join(" && ")})) return index;
      }
      return rows.length;
    };`,
  )(hasKeys, keys) as Gatherer;
}

/** The same without code that is made of text. */
export function looped(keys: readonly string[]): Gatherer {
  return (rows, columns) => {
    const misfit = rows.findIndex(
      (row, index) =>
        !hasKeys(row, keys) ||
        !keys.every((key, place) => (columns[place] as OpenColumn).put(index, row[key])),
    );
    return misfit < 0 ? rows.length : misfit;
  };
}

function hasKeys(row: unknown, keys: readonly string[]): row is Record<string, unknown> {
  if (typeof row !== "object" || row === null) return false;
  if (Object.getPrototypeOf(row) !== Object.prototype) return isRecord(row) && hasSameKeys(row, keys);
  let place = 0;
  for (const key in row) {
    if (key !== keys[place]) return hasSameKeys(row as Record<string, unknown>, keys);
    place += 1;
  }
  return place === keys.length;
}

/** In whatever order. */
function hasSameKeys(row: Record<string, unknown>, keys: readonly string[]): boolean {
  return Object.keys(row).length === keys.length && keys.every((key) => Object.hasOwn(row, key));
}
