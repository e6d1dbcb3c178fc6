import { BENCHMARKS } from "./benchmarks.js";
import { conditionsNow } from "./conditions.js";
import type { Group, Results, Table } from "./results.js";

/** Runs groups of benchmarks, one after the other; `report` gets each when it is done. */
export async function measured(
  names: readonly string[],
  isQuick: (name: string) => boolean,
  report: (group: Group) => void,
): Promise<Results> {
  const results: Record<string, Group> = {};
  for (const name of names) {
    const tables: Table[] = [];
    const quick = isQuick(name);
    const conditions = await conditionsNow(quick);
    let { versions } = conditions;
    for (const benchmark of BENCHMARKS[name] ?? []) {
      process.stderr.write(`measuring: ${benchmark.title}\n`);
      const rows = await benchmark.run({ quick });
      tables.push({ title: benchmark.title, note: benchmark.note, rows });
      versions = { ...versions, ...(await benchmark.versions?.()) };
    }
    const group = { conditions: { ...conditions, versions }, tables };
    results[name] = group;
    report(group);
  }
  return results;
}
