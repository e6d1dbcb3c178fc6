import { BatchResultError, type CallSite } from "../../errors/python.js";
import { type Column, lengthOf } from "../../wire/columns.js";
import { ColumnBlock } from "../../wire/columns-block.js";
import { shapedAs } from "../../wire/columns-kind.js";
import { NdArray } from "../../wire/ndarray.js";
import { FORBIDDEN_KEY } from "../../wire/protocol.js";
import { typeNameOf } from "../../wire/refusal.js";
import { isRejecting } from "../../wire/rejecting.js";

/** What a function that takes columns has given back. */
export interface CheckedColumns {
  readonly block: ColumnBlock;
  /** The rows that were set aside, by their places, and why. */
  readonly rejected: ReadonlyMap<number, string>;
}

/** Holds it to what it must be, in the words of a worker: see column_results.py. @throws BatchResultError. */
export function checkedColumns(result: unknown, rows: number, site: CallSite): CheckedColumns {
  const fail = (problem: string, value: unknown, got?: number): never => {
    throw new BatchResultError(site, { expected: rows, got, type: typeNameOf(value), problem });
  };
  const [columns, aside] = Array.isArray(result) && result.length === 2 ? result : [result, {}];
  if (!isObject(columns)) fail(`expected an object of columns, got ${typeNameOf(columns)}`, columns);
  const values = Object.entries(columns).map(([key, value]): Column => {
    if (key === FORBIDDEN_KEY) fail(`expected no column "${FORBIDDEN_KEY}"; rename it`, columns);
    const column = columnOf(value);
    if (column === undefined)
      return fail(`expected column '${key}' to be an NdArray or an array, got ${typeNameOf(value)}`, value);
    const got = lengthOf(column);
    if (got === undefined)
      return fail(`expected column '${key}' to have ${rows} rows, got a single value`, value);
    if (got !== rows) fail(`expected column '${key}' to have ${rows} rows, got ${got}`, value, got);
    return column;
  });
  return {
    block: new ColumnBlock(rows, Object.keys(columns), values),
    rejected: rejectedOf(aside, rows, fail),
  };
}

function columnOf(value: unknown): Column | undefined {
  if (Array.isArray(value) || value instanceof NdArray) return value;
  const shaped = shapedAs(value);
  return shaped && new NdArray(shaped.dtype, shaped.shape, shaped.data);
}

function rejectedOf(
  aside: unknown,
  rows: number,
  fail: (problem: string, value: unknown) => never,
): Map<number, string> {
  const wanted = "expected the rows that are set aside as { index: reject(reason) }";
  if (!isObject(aside)) return fail(`${wanted}, got ${typeNameOf(aside)}`, aside);
  const rejected = new Map<number, string>();
  for (const [index, why] of Object.entries(aside)) {
    const place = Number(index);
    if (!Number.isInteger(place) || place < 0 || place >= rows)
      fail(`${wanted}, from 0 to ${rows - 1}, got ${index}`, aside);
    if (!isRejecting(why)) return fail(`${wanted}, got ${typeNameOf(why)}`, aside);
    rejected.set(place, why.reason);
  }
  return rejected;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && typeNameOf(value) === "Object";
}
