import type { SlitherError } from "../errors/slither-error.js";
import type { ColumnBlock } from "./columns-block.js";
import { type ColumnTable, columnsOfTable } from "./columns-table.js";
import { rowsOf, type Table } from "./table.js";

/** What came of a batch. */
export interface BatchReply {
  /** The results of the payloads that have come through all steps, in their order; none of steps that take columns. */
  readonly results: readonly unknown[];
  /** The same of steps that take columns. */
  readonly columns?: ColumnBlock | undefined;
  /** The others, in their order. */
  readonly left: readonly LeftRow[];
  /** What was asked for by `taps`, in that order: of those that had come through the step. */
  readonly taps: readonly (readonly unknown[])[];
  readonly times: BatchTimes;
  /** How long the bodies of the two messages were. */
  readonly bytes: { readonly sent: number; readonly received: number };
}

/** A payload that has not come through all steps: set aside with a reason, by `Rejected`, or failed by itself. */
export interface LeftRow {
  readonly index: number;
  readonly step: number;
  readonly why: string | SlitherError;
}

/** When things happened to a batch, in milliseconds of `performance.now()`; each is not before the one above it. */
export interface BatchTimes {
  /** It was asked for. */
  readonly asked: number;
  /** The message was ready. */
  readonly encoded: number;
  /** Nothing was before it any more: it was its turn to be sent, and the worker had answered all others. */
  readonly begun: number;
  /** The worker had the message. */
  readonly received: number;
  /** The worker had read it. */
  readonly decoded: number;
  /** Each step began and was done: the first when the worker had read the message, the others when it had written what taps are shown of the one before. */
  readonly steps: readonly StepTimes[];
  /** The answer was ready. */
  readonly answered: number;
  /** Node had the answer. */
  readonly arrived: number;
  /** Node had read it. */
  readonly read: number;
}

export interface StepTimes {
  readonly began: number;
  readonly done: number;
}

/** When Node did its part. */
export type NodeTimes = Pick<BatchTimes, "asked" | "encoded" | "arrived"> & { readonly sent: number };

/** The body of a ROWS: see protocol/PROTOCOL.md. */
export type RowsBody = readonly [
  table: Table | ColumnTable,
  stamps: readonly number[],
  left: readonly (readonly [index: number, step: number, why: unknown])[],
  taps: readonly (readonly [step: number, table: Table | ColumnTable])[],
];

/** Both processes read the same clock; `performance.now()` counts from another beginning, and in milliseconds. */
const BEGINNING_MS = performance.now() - Number(process.hrtime.bigint()) / 1e6;

/** The system's clock in seconds, as Python's `time.monotonic()` reads it. */
export function monotonicSeconds(): number {
  return (performance.now() - BEGINNING_MS) / 1_000;
}

/**
 * @param errorOf makes the error of an error map.
 * @param isColumns whether what comes home are columns.
 * @throws RangeError for a body that is none.
 */
export function batchReply(
  [table, stamps, left, taps]: RowsBody,
  node: NodeTimes,
  bytes: BatchReply["bytes"],
  errorOf: (map: unknown, step: number) => SlitherError,
  isColumns = false,
): BatchReply {
  const rows = left.map(([index, step, why]) => ({
    index,
    step,
    why: typeof why === "string" ? why : errorOf(why, step),
  }));
  const tapped = taps.map(([, tap]) =>
    isColumns ? columnsOfTable(tap as ColumnTable).allRows : rowsOf(tap as Table),
  );
  return {
    results: isColumns ? [] : rowsOf(table as Table),
    columns: isColumns ? columnsOfTable(table as ColumnTable) : undefined,
    left: rows.sort((one, other) => one.index - other.index),
    taps: tapped,
    bytes,
    times: timesOf(stamps, node, performance.now()),
  };
}

/** Clocks of two processes may differ by less than they can show: no time is before the one that it follows. */
function timesOf(
  stamps: readonly number[],
  { asked, encoded, sent, arrived }: NodeTimes,
  read: number,
): BatchTimes {
  let last = asked;
  const after = (time: number): number => {
    last = Math.max(last, Math.min(time, read));
    return last;
  };
  const [free, received, decoded, ...rest] = stamps.map((seconds) => seconds * 1_000 + BEGINNING_MS);
  const answered = rest.pop() as number;
  return {
    asked,
    encoded: after(encoded),
    begun: after(Math.max(sent, free as number)),
    received: after(received as number),
    decoded: after(decoded as number),
    steps: stepTimes([decoded as number, ...rest].map(after)),
    answered: after(answered),
    arrived: after(arrived),
    read: after(read),
  };
}

/** @param stamps when each step began and was done, by turns. */
export function stepTimes(stamps: readonly number[]): StepTimes[] {
  const steps: StepTimes[] = [];
  for (let place = 0; place < stamps.length; place += 2)
    steps.push({ began: stamps[place] as number, done: stamps[place + 1] as number });
  return steps;
}
