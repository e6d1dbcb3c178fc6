import CliTable from "cli-table3";
import type { Comparison } from "./compare.js";
import { cellsOf, shown } from "./figures.js";
import type { Group, Table } from "./results.js";

export function printGroup({ conditions, tables }: Group): void {
  for (const table of tables) printTable(table);
  const { date, cores, cpu, versions } = conditions;
  process.stdout.write(`${date}, Node ${versions.Node}, ${cores} cores of ${cpu}\n`);
}

function printTable({ title, note, rows }: Table): void {
  const { head, cells } = cellsOf(rows);
  process.stdout.write(`\n${title}\n${tableOf(head, cells)}\n${note}\n`);
}

/** What dropped, or that nothing did. */
export function printComparisons(comparisons: readonly Comparison[]): void {
  const dropped = comparisons.filter((comparison) => comparison.dropped);
  const cells = dropped.map(({ group, row, kept, now, noise }) => [
    `${group}: ${row}`,
    shown(kept),
    now === undefined ? "not measured" : shown(now),
    shown(noise),
  ]);
  process.stdout.write(`\n${comparisons.length} ratios compared, ${dropped.length} dropped\n`);
  if (dropped.length > 0) process.stdout.write(`${tableOf(["", "kept", "now", "noise"], cells)}\n`);
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new CliTable({ head: [...head], style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
