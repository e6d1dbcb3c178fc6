// npm run bench [-- NAME …] [--json] [--quick]: measures, always beside something else in the same run, because this machine is never equally fast twice.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { call } from "./call.js";
import type { Benchmark, Row } from "./measure.js";
import { poison } from "./poison.js";
import { scoring } from "./scoring.js";
import { sessions } from "./sessions/index.js";

const BENCHMARKS: Readonly<Record<string, readonly Benchmark[]>> = {
  call: [call],
  scoring: [scoring],
  poison: [poison],
  sessions,
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
});

const unknown = positionals.find((name) => !(name in BENCHMARKS));
if (unknown !== undefined) {
  process.stderr.write(`expected a benchmark out of ${Object.keys(BENCHMARKS).join(", ")}, got ${unknown}\n`);
  process.exit(2);
}

const machine = {
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  date: new Date().toISOString().slice(0, 10),
};
const results: Record<string, { title: string; note: string; rows: Row[] }[]> = {};
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHMARKS)) {
  results[name] = [];
  for (const benchmark of BENCHMARKS[name] as readonly Benchmark[]) {
    process.stderr.write(`measuring: ${benchmark.title}\n`);
    const rows = await benchmark.run({ quick: options.quick });
    results[name].push({ title: benchmark.title, note: benchmark.note, rows });
    if (!options.json) print(benchmark, rows);
  }
}
if (options.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);
else
  process.stdout.write(`\n${machine.date}, Node ${machine.node}, ${machine.cores} cores of ${machine.cpu}\n`);

function print({ title, note }: Benchmark, rows: readonly Row[]): void {
  const columns = Object.keys(rows[0]?.figures ?? {});
  const table = new Table({ head: ["", ...columns], style: { head: [], border: [], compact: true } });
  for (const { name, figures } of rows)
    table.push([name, ...columns.map((column) => format(column, figures[column] ?? Number.NaN))]);
  process.stdout.write(`\n${title}\n${table.toString()}\n${note}\n`);
}

function format(column: string, figure: number): string {
  return figure.toFixed(column === "ratio" ? 2 : figure < 1_000 ? 1 : 0);
}
