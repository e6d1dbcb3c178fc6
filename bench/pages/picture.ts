import { shown } from "../figures.js";
import { type Results, type Row, rowsOf } from "../results.js";
import { type Bar, type Bars, svgOf } from "./bars.js";
import { DISCIPLINES, type Discipline, figure } from "./highlights.js";

/** The picture docs/benchmarks.svg. */
export function picture(results: Results): string {
  const beside = DISCIPLINES.map((discipline) => besidePeers(results, discipline));
  return svgOf([besideEcho(results), shareOfLimit(results), ...beside].filter(hasBars));
}

function besideEcho(results: Results): Bars {
  const bars = rowsOf(results.call).map(
    ({ name, figures, ratio }): Bar => ({
      label: name,
      value: figures.p50 ?? 0,
      says: figure(figures, "p50"),
      ours: ratio !== undefined,
    }),
  );
  return { title: "A call that does nothing beside a raw echo, p50, µs: shorter is better", bars };
}

function shareOfLimit(results: Results): Bars {
  const bars = rowsOf(results.scoring).flatMap(({ name, ratio }): Bar[] =>
    ratio === undefined ? [] : [{ label: name, value: ratio.median, says: shown(ratio.median), ours: true }],
  );
  const limit = { label: "the limit", value: 1, says: "1", ours: false };
  return {
    title: "Scoring, as a share of the same functions without a border: longer is better",
    bars: bars.length > 0 ? [limit, ...bars] : [],
  };
}

function besidePeers(results: Results, { says, name, factor }: Discipline): Bars {
  const rows = rowsOf(results.peers).filter((row) => row.name.startsWith(`${name}, `));
  const bar = (label: string, figures: Row["figures"], of: "slither-ts" | "peer"): Bar => ({
    label,
    value: figures[of] ?? 0,
    says: figure(figures, of, factor),
    ours: of === "slither-ts",
  });
  const ours = rows.slice(0, 1).map(({ figures }) => bar("slither-ts", figures, "slither-ts"));
  const theirs = rows.map((row) => bar(row.name.slice(name.length + 2), row.figures, "peer"));
  const better = rows[0]?.ratio?.better === "lower" ? "shorter" : "longer";
  const title = `${says.charAt(0).toUpperCase()}${says.slice(1)}: ${better} is better`;
  return { title, bars: [...ours, ...theirs] };
}

function hasBars({ bars }: Bars): boolean {
  return bars.length > 0;
}
