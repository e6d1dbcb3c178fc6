import { shown, shownRatio } from "../figures.js";
import { type Results, rowOf, rowsOf } from "../results.js";
import { DISCIPLINES, type Discipline, figure, HIGHLIGHTS, SESSION_FACTS } from "./highlights.js";
import { table } from "./markdown.js";

const BEGIN = "<!-- performance -->";
const END = "<!-- /performance -->";

/** What stands between the markers in README.md. */
export function readmeBlock(results: Results): string {
  return [
    "![Bars of the main figures](docs/benchmarks.svg)",
    table(["what", "slither-ts", "beside it, in the same run", "ratio"], highlightsOf(results)),
    "The limit is the same Python functions called in a loop inside their own process, with no border to cross. Scoring is four stages (enrich, featurize, predict, route), " +
      "of which featurize and predict are fused: one trip to Python for each batch, with the ledger and the events on. Without fusion they make two. The range behind a ratio is its interquartile range. " +
      "A core that sleeps takes longer to wake than a call takes; after a call a session waits awake for a moment, so a call soon behind it does not pay for that: see [where the time goes](docs/internals/performance.md).",
    ...besidePeers(results),
    ...sessionFacts(results),
    "[All figures](docs/benchmarks.md), with the machine, the versions, and the floors that are met and those that are not" +
      `${measuredOn(results)}.`,
  ].join("\n\n");
}

function highlightsOf(results: Results): string[][] {
  return HIGHLIGHTS.flatMap(({ says, group, row, ours, beside, against = row }) => {
    const found = rowOf(results, group, row);
    if (found === undefined) return [];
    const other = rowOf(results, group, against) ?? found;
    return [[says, ours(found.figures), beside(other.figures), shownRatio(found.ratio)]];
  });
}

function besidePeers(results: Results): string[] {
  const rows = rowsOf(results.peers);
  const names = [...new Set(rows.map(({ name }) => name.slice(name.lastIndexOf(", ") + 2)))];
  if (names.length === 0) return [];
  const cells = ({ says, name, factor }: Discipline): string[] => {
    const found = names.map((peer) => rowOf(results, "peers", `${name}, ${peer}`));
    const theirs = found.map((row) =>
      row?.ratio === undefined ? "" : `${figure(row.figures, "peer", factor)} (${shown(row.ratio.median)})`,
    );
    return [says, figure(found[0]?.figures ?? {}, "slither-ts", factor), ...theirs];
  };
  return [
    table(["in turns; in parentheses slither-ts / peer", "slither-ts", ...names], DISCIPLINES.map(cells)),
    "Each in its fastest configuration: slither-ts with 8 batches in flight, FastAPI with uvloop, orjson and 8 kept connections, the others with orjson and 4 batches in flight.",
  ];
}

function sessionFacts(results: Results): string[] {
  const facts = SESSION_FACTS.flatMap(({ says, row, value }) => {
    const found = rowOf(results, "sessions", row);
    return found === undefined ? [] : [[says, value(found.figures)]];
  });
  return facts.length > 0 ? [table(["`npm run bench -- sessions`", ""], facts)] : [];
}

function measuredOn(results: Results): string {
  const all = Object.values(results).map(({ conditions }) => conditions);
  const machines = all.map(
    ({ cores, cpu, versions: { Node, Python } }) =>
      `${cores} cores of ${cpu}, Node ${Node}, Python ${Python}`,
  );
  const short = all.some(({ quick }) => quick) ? ["some of it in short runs"] : [];
  const parts = [...new Set([...all.map(({ date }) => date), ...machines, ...short])];
  return parts.length === 0 ? "" : `. Measured ${parts.join(", ")}`;
}

/** README.md with another block. */
export function withBlock(readme: string, block: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin === -1 || end < begin)
    throw new Error(`expected README.md to have ${BEGIN} and ${END}, got neither in this order`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${block}\n\n${readme.slice(end)}`;
}
