import { shown } from "../figures.js";
import type { Row } from "../results.js";

type Figures = Row["figures"];

/** A line of the README: a row, what it is compared with, and how both are said. */
export interface Highlight {
  readonly says: string;
  readonly group: string;
  readonly row: string;
  readonly ours: (figures: Figures) => string;
  /** Gets the figures of the row `against`, else those of the row itself. */
  readonly beside: (figures: Figures) => string;
  readonly against?: string;
}

/** A line of the README that has figures alone. */
export interface Fact {
  readonly says: string;
  readonly row: string;
  readonly value: (figures: Figures) => string;
}

/** What this library and its peers all do: a line of the README with a cell for each. */
export interface Discipline {
  readonly says: string;
  /** What the names of its rows begin with. */
  readonly name: string;
  readonly factor: number;
}

/** Three digits: the next one is another in the next run. */
export function figure(figures: Figures, name: string, factor = 1): string {
  return shown(Number(((figures[name] ?? Number.NaN) * factor).toPrecision(3)));
}

function scored(says: string, row: string): Highlight {
  return {
    says,
    group: "scoring",
    row,
    ours: (figures) => `${figure(figures, "pipe", 1_000)} records/s`,
    beside: (figures) => `${figure(figures, "limit", 1_000)}, the limit`,
  };
}

function poisoned(says: string, row: string): Highlight {
  return {
    says: `records under \`reject\`, ${says}`,
    group: "poison",
    row,
    ours: (figures) => `${figures.records?.toLocaleString("en")} in ${figure(figures, "run")} ms`,
    beside: (figures) => `${figure(figures, "clean")} ms, none of them bad, under \`halt\``,
  };
}

const p50 = (figures: Figures): string => `${figure(figures, "p50")} ms`;

/** What the README shows of what is measured beside something else of the same kind. */
export const HIGHLIGHTS: readonly Highlight[] = [
  {
    says: "a call that does nothing, p50, Python on the core of Node",
    group: "call",
    row: "session.call, on one core",
    against: "raw echo, on one core",
    ours: (figures) => `${figure(figures, "p50")} µs`,
    beside: (figures) => `${figure(figures, "p50")} µs, a raw echo over the same kind of socket`,
  },
  {
    says: "the same, Python on another core",
    group: "call",
    row: "session.call, on two cores",
    against: "raw echo, on two cores",
    ours: (figures) => `${figure(figures, "p50")} µs`,
    beside: (figures) => `${figure(figures, "p50")} µs, the same echo`,
  },
  scored("scoring, one session, batches of 100", "1 session, batch 100"),
  scored("scoring, one session, batches of 1,000", "1 session, batch 1000"),
  scored("scoring, two sessions, batches of 100", "2 sessions, batch 100"),
  scored("scoring, two sessions, batches of 1,000", "2 sessions, batch 1000"),
  scored("scoring without fusion, one session, batches of 1,000", "1 session, batch 1000, not fused"),
  {
    says: "predictions of `columns: true`, one session, batches of 1,000",
    group: "columns",
    row: "columns, batch 1000",
    ours: (figures) => `${figure(figures, "pipe", 1_000)} records/s`,
    beside: (figures) => `${figure(figures, "limit", 1_000)}, the limit on ready arrays`,
  },
  {
    says: "100 MB of numbers that are shared already, to their sum by numpy",
    group: "arrays",
    row: "an array that is shared already",
    ours: (figures) => `${figure(figures, "call")} ms`,
    beside: (figures) => `${figure(figures, "limit")} ms, numpy alone`,
  },
  {
    says: "100 MB of numbers, to their sum by numpy",
    group: "arrays",
    row: "a new array",
    ours: (figures) => `${figure(figures, "call")} ms`,
    beside: (figures) => `${figure(figures, "limit")} ms, numpy alone`,
  },
  {
    says: "a view that looks a key up, asked by Python, p50",
    group: "store",
    row: "view, one key",
    against: "raw echo, asked by Python",
    ours: (figures) => `${figure(figures, "p50")} µs`,
    beside: (figures) => `${figure(figures, "p50")} µs, a raw echo that Python asks for`,
  },
  {
    says: "20,000 records through the example's pipe, all vectors in its cache",
    group: "store",
    row: "warm cache",
    against: "cold cache",
    ours: (figures) => `${figure(figures, "run")} ms`,
    beside: (figures) => `${figure(figures, "run")} ms, none of them in it, and all written`,
  },
  poisoned("none of them bad", "clean, reject"),
  poisoned("37 of which raise", "37 raise"),
  poisoned("37 of which raise and 6 kill Python", "37 raise, 6 kill"),
  {
    says: "a new session with scikit-learn, to its first answer, p50",
    group: "sessions",
    row: "an idle fork",
    against: "cold: a new interpreter",
    ours: p50,
    beside: (figures) => `${p50(figures)}, a new interpreter`,
  },
];

/** What the README shows beside other libraries. */
export const DISCIPLINES: readonly Discipline[] = [
  {
    says: "a call that does nothing, p50, Python on the core of Node, µs",
    name: "a call, on one core",
    factor: 1,
  },
  {
    says: "a call that does nothing, p50, Python on another core, µs",
    name: "a call, on two cores",
    factor: 1,
  },
  { says: "scoring, batches of 100, records/s", name: "batch 100", factor: 1_000 },
  { says: "scoring, batches of 1,000, records/s", name: "batch 1000", factor: 1_000 },
  { says: "100 MB, to their sum by numpy, ms", name: "100 MB", factor: 1 },
];

const memory = (figures: Figures): string =>
  `${figures.sessions?.toLocaleString("en")} sessions: ${figure(figures, "total")} MB in all, ${figure(figures, "each")} MB each`;

const ofForest = (figures: Figures): string =>
  `${p50(figures)}, ${figure(figures, "added")} MB more memory; the model has ${figure(figures, "model")} MB`;

/** What the README shows of the group `sessions`. */
export const SESSION_FACTS: readonly Fact[] = [
  {
    says: "live sessions with scikit-learn imported",
    row: "opened",
    value: (figures) => `${memory(figures)}, opened in ${figure(figures, "seconds")} s`,
  },
  { says: "each with its own trained model", row: "each with its own model", value: memory },
  { says: "and with a checkpoint of each", row: "and with its checkpoint", value: memory },
  { says: "fork of a session with a random forest, p50", row: "session.fork()", value: ofForest },
  { says: "checkpoint of the same session, p50", row: "session.checkpoint()", value: ofForest },
  {
    says: "`kill -9` of a trained session, to its next right answer, p50",
    row: "from its checkpoint",
    value: p50,
  },
  {
    says: "`kill -9` of Node with 20 sessions, until nothing is left, p50",
    row: "everything gone",
    value: p50,
  },
];
