import { inStep } from "../../errors/failed-step.js";
import type { CallSite } from "../../errors/python.js";
import type { LeftRow } from "../../wire/batch-reply.js";
import type { Columns } from "../../wire/columns.js";
import { ColumnBlock } from "../../wire/columns-block.js";
import { joined } from "../../wire/columns-join.js";
import type { BatchRequest } from "../../wire/request.js";
import type { BatchHost, CarriedOut } from "./batch.js";
import { checkedColumns } from "./column-results.js";

/** The rows that are left, and where each stood in the batch. */
interface Left {
  readonly block: ColumnBlock;
  readonly indices: readonly number[];
}

/** As `carryOutBatch`, where the functions take columns. */
export async function carryOutColumns(
  { steps, taps }: BatchRequest,
  columns: Columns,
  sites: readonly CallSite[],
  host: BatchHost,
): Promise<CarriedOut> {
  const left: LeftRow[] = [];
  const tapped: unknown[][] = [];
  const stamps: number[] = [];
  let rows: Left = {
    block: new ColumnBlock(columns.rows, columns.keys, columns.values),
    indices: Array.from({ length: columns.rows }, (_, index) => index),
  };
  const sent = ({ block }: Left, site: CallSite): ColumnBlock => {
    const values = host.sent(host.packed(recordOf(block), site), site) as unknown as Record<string, never>;
    return new ColumnBlock(block.rows, Object.keys(values), Object.values(values));
  };
  let last: ColumnBlock | undefined;
  for (const [number, step] of steps.entries()) {
    if (number > 0) stamps.push(performance.now());
    const site = sites[number] as CallSite;
    try {
      if (rows.indices.length > 0) {
        const payloads = rows.block.allRows;
        const given = await host.call(step, payloads, site, recordOf(rows.block));
        const { block, rejected } = checkedColumns(given, rows.block.rows, site);
        for (const [place, why] of rejected)
          left.push({ index: rows.indices[place] as number, step: number, why });
        rows = chosen({ block, indices: rows.indices }, (place) => !rejected.has(place));
      }
      stamps.push(performance.now());
      for (const { indices } of taps.filter((tap) => tap.step === number)) {
        const shown = chosen(rows, (_, index) => indices.includes(index));
        tapped.push(sent(shown, site).allRows);
      }
      if (number === steps.length - 1) last = sent(rows, site);
    } catch (error) {
      throw error instanceof Error ? inStep(error, number) : error;
    }
  }
  return {
    results: [],
    columns: last,
    left: left.sort((one, other) => one.index - other.index),
    taps: tapped,
    stamps,
  };
}

/** What a function gives back, without its last row. */
export function withoutLastRow(result: unknown): unknown {
  if (Array.isArray(result)) return [withoutLastRow(result[0]), ...result.slice(1)];
  return Object.fromEntries(
    Object.entries(result as object).map(([key, column]) => {
      const length = (column as { length?: number }).length ?? (column as { shape: number[] }).shape[0];
      return [key, Array.from({ length: (length as number) - 1 }, () => 0)];
    }),
  );
}

function chosen({ block, indices }: Left, isChosen: (place: number, index: number) => boolean): Left {
  const places = [...indices.keys()].filter((place) => isChosen(place, indices[place] as number));
  if (places.length === block.rows) return { block, indices };
  const columns = joined(places.map((place) => ({ block, start: place, end: place + 1 }))) ?? {
    rows: 0,
    keys: [],
    values: [],
  };
  return {
    block: new ColumnBlock(columns.rows, columns.keys, columns.values),
    indices: places.map((place) => indices[place] as number),
  };
}

function recordOf({ keys, values }: Columns): Record<string, unknown> {
  return Object.fromEntries(keys.map((key, place) => [key, values[place]]));
}
