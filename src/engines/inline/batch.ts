import { inStep } from "../../errors/failed-step.js";
import { BatchResultError, type CallSite } from "../../errors/python.js";
import type { SlitherError } from "../../errors/slither-error.js";
import type { LeftRow } from "../../wire/batch-reply.js";
import type { ColumnBlock } from "../../wire/columns-block.js";
import { typeNameOf } from "../../wire/refusal.js";
import { isRejecting } from "../../wire/rejecting.js";
import type { BatchRequest, Step } from "../../wire/request.js";
import { type FailedRow, mapEach } from "./map-each.js";

/** What carries out the functions of a batch. */
export interface BatchHost {
  /** Calls the function of a step with what it takes: the payloads, the one of them, or their columns. @throws SlitherError. */
  call(step: Step, payloads: readonly unknown[], site: CallSite, columns?: object): Promise<unknown>;
  /** A result, ready to be sent. @throws ValueNotSupportedError. */
  packed(value: unknown, site: CallSite): unknown;
  /** What Node gets of results that are sent to it. */
  sent(packed: unknown, site: CallSite): unknown[];
}

/** What came of the payloads. */
export interface CarriedOut {
  readonly results: readonly unknown[];
  readonly columns?: ColumnBlock | undefined;
  readonly left: readonly LeftRow[];
  readonly taps: readonly (readonly unknown[])[];
  /** When each step was done and the next one began, by turns, in milliseconds of `performance.now()`. */
  readonly stamps: readonly number[];
}

/** Takes payloads through one function after the other, as a worker does: see BATCH in protocol/PROTOCOL.md. */
export async function carryOutBatch(
  { steps, payloads, taps, entries = [] }: BatchRequest,
  sites: readonly CallSite[],
  host: BatchHost,
): Promise<CarriedOut> {
  const left: LeftRow[] = [];
  const tapped: unknown[][] = [];
  const stamps: number[] = [];
  let results: unknown[] = [];
  const later = new Map(
    entries.flatMap(({ step, indices }) => indices.map((index) => [index, step] as const)),
  );
  const entering = (step: number): Row[] =>
    payloads
      .map((value, index) => ({ index, place: index, value }))
      .filter(({ index }) => (later.get(index) ?? 0) === step);
  let rows: Row[] = [];
  for (const [number, step] of steps.entries()) {
    if (number > 0) stamps.push(performance.now());
    const site = sites[number] as CallSite;
    const isLast = number === steps.length - 1;
    if (number === 0 || later.size > 0)
      rows = [...rows, ...entering(number)].sort((one, other) => one.index - other.index);
    try {
      const given = rows.length === 0 ? [] : await resultsOf(step, rows, { site, host, isLast });
      const next: Row[] = [];
      for (const [place, { index }] of rows.entries()) {
        const result = given[place];
        if (result instanceof FailedResult)
          left.push({ index, step: number, why: whyOf(result.why, number) });
        else next.push({ index, place, value: result });
      }
      rows = next;
      stamps.push(performance.now());
      for (const { indices } of taps.filter((tap) => tap.step === number)) {
        const chosen = rows.filter(({ index }) => indices.includes(index));
        tapped.push(host.sent(packed(chosen, given.length, { site, host }), site));
      }
      if (!isLast) continue;
      const isPacked = step.form === "each";
      const values = rows.map(({ value }) => value);
      results = host.sent(isPacked ? values : packed(rows, given.length, { site, host }), site);
    } catch (error) {
      throw error instanceof Error ? inStep(error, number) : error;
    }
  }
  return {
    results,
    left: left.sort((one, other) => one.index - other.index),
    taps: tapped,
    stamps,
  };
}

/** A payload that is left: where it stood in the batch, and its place in what the last function gave back. */
interface Row {
  readonly index: number;
  readonly place: number;
  readonly value: unknown;
}

/** The values of some rows, ready to be sent; what cannot be sent is named by its place in what the function gave back. */
function packed(
  rows: readonly Row[],
  given: number,
  { site, host }: { site: CallSite; host: BatchHost },
): unknown[] {
  const values: unknown[] = new Array(given).fill(null);
  for (const { place, value } of rows) values[place] = value;
  const all = host.packed(values, site) as unknown[];
  return rows.map(({ place }) => all[place]);
}

/** In place of a result. */
class FailedResult {
  readonly why: FailedRow;

  constructor(why: FailedRow) {
    this.why = why;
  }
}

function whyOf(why: FailedRow, step: number): string | SlitherError {
  return typeof why === "string" ? why : inStep(why, step);
}

/** A result for each row, in order. @throws what fails the batch. */
async function resultsOf(
  step: Step,
  rows: readonly { readonly value: unknown }[],
  { site, host, isLast }: { site: CallSite; host: BatchHost; isLast: boolean },
): Promise<unknown[]> {
  const payloads = rows.map(({ value }) => value);
  if (step.form === "each") {
    const mapped = await mapEach(payloads, site, async (payload) => {
      const result = await host.call(step, [payload], site);
      // Only what comes home must be something that can be carried.
      return isLast && !isRejecting(result) ? host.packed(result, site) : result;
    });
    return mapped.map(({ result, failed }) => (failed === undefined ? result : new FailedResult(failed)));
  }
  const results = await host.call(step, payloads, site);
  if (!Array.isArray(results) || results.length !== rows.length) {
    const got = Array.isArray(results) ? results.length : undefined;
    throw new BatchResultError(site, { expected: rows.length, got, type: typeNameOf(results) });
  }
  return results.map((result) => (isRejecting(result) ? new FailedResult(result.reason) : result));
}
