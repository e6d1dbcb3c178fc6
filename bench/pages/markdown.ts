import { cellsOf, shown } from "../figures.js";
import { type JudgedFloor, judgedFloors } from "../floors.js";
import type { Conditions, Group, Results, Table } from "../results.js";

/** Where the picture stands, seen from the page. */
const PICTURE = "benchmarks.svg";

/** The page docs/benchmarks.md: everything that was measured, where, and which floors it reaches. */
export function benchmarksPage(results: Results): string {
  const groups = Object.entries(results);
  return `${[
    "# Benchmarks",
    "<!-- Written by `npm run bench -- pages` from bench/results.json: change neither by hand. -->",
    "Ratios are what counts here: each figure is measured beside another, in turns, in the same run. Behind the median of a ratio are the quarters on both sides of it. " +
      "`npm run bench` measures all of it on your machine, `npm run bench -- check` compares with what stands here.",
    `![Bars of the main figures](${PICTURE})`,
    "## Floors",
    table(["what", "floor", "measured", ""], judgedFloors(results).map(floorCells)),
    ...groups.flatMap(([name, group]) => [`## ${name}`, ...group.tables.flatMap(section), when(group)]),
    "## Machine",
    ...conditionsOf(groups),
  ].join("\n\n")}\n`;
}

function section({ title, note, rows }: Table): string[] {
  const { head, cells } = cellsOf(rows);
  return [`### ${title}`, table(head, cells), sentence(note)];
}

function floorCells({ group, row, atLeast, atMost, says, orOfLimit, value, met }: JudgedFloor): string[] {
  const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  const or = orOfLimit === undefined ? "" : `, or ${orOfLimit} of the limit`;
  const verdict = value === undefined ? "not measured" : met ? "met" : "**not met**";
  return [`${group}: ${row}`, `${bound} ${says}${or}`, value === undefined ? "" : shown(value), verdict];
}

function when({ conditions: { date, quick } }: Group): string {
  return `Measured ${date}${quick ? ", in a short run: fewer rounds, with less work in each than the titles say" : ""}.`;
}

/** Groups that were measured on the same machine with the same versions stand together. */
function conditionsOf(groups: readonly (readonly [string, Group])[]): string[] {
  const names = new Map<string, string[]>();
  for (const [name, { conditions }] of groups) {
    const text = described(conditions);
    names.set(text, [...(names.get(text) ?? []), name]);
  }
  return [...names].map(([text, of]) => `${of.join(", ")}: ${text}`);
}

function described({ cpu, cores, memoryGigabytes, system, versions }: Conditions): string {
  const parts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cores} cores of ${cpu}, ${memoryGigabytes} GB of memory, ${system}; ${parts.join(", ")}.`;
}

function sentence(note: string): string {
  return `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `${cells.map((cell) => (cell === "" ? "| " : `| ${cell} `)).join("")}|`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}
