import { printable, wrapped } from "../lines.js";
import type { ExplainedOperator, PipeExplanation } from "./explanation.js";
import { headOf, homeInWords, stageInWords, tripInWords } from "./words.js";

/** Columns of a terminal. */
const WIDTH = 80;

/** One line of the explanation: what it is about, and what is said of it. */
interface Row {
  /** What is drawn before it: the bracket around a trip. */
  readonly guide: string;
  readonly name: string;
  readonly kind: string;
  readonly phrases: readonly string[];
  /** What is drawn before the lines that its phrases need beside the first. */
  readonly goesOn: string;
}

/**
 * How a pipe is carried out, as text for a terminal: its stages in their order, the python stages of one trip in a bracket, whose ends are where records cross
 * the border.
 *
 * @example
 * console.log(explainText(pipe.explain()))
 */
export function explainText(explanation: PipeExplanation): string {
  const rows = explanation.operators.flatMap(rowsOf);
  const column = Math.max(0, ...rows.map(({ guide, name }) => [...guide, ...name].length)) + 2;
  return [printable(headOf(explanation)), ...rows.flatMap((row) => linesOf(row, column))].join("\n");
}

function rowsOf(operator: ExplainedOperator): Row[] {
  const { stages, trip, dispatch } = operator;
  const guide = trip === undefined ? "  " : "  │ ";
  const lines = stages.map((stage, place): Row => {
    const phrases = stageInWords(stage, { operator, place });
    return { guide, name: printable(stage.name), kind: stage.kind, phrases, goesOn: guide };
  });
  if (trip === undefined || dispatch === undefined) return lines;
  const there = tripInWords(trip, dispatch);
  return [
    { guide: "  ┌ ", name: "to Python", kind: "", phrases: there, goesOn: "  │ " },
    ...lines,
    { guide: "  └ ", name: "to Node", kind: "", phrases: homeInWords(trip), goesOn: "    " },
  ];
}

function linesOf({ guide, name, kind, phrases, goesOn }: Row, column: number): string[] {
  const indent = column + "python  ".length;
  const [first = "", ...rest] = wrapped(phrases.map(printable), WIDTH - indent);
  const head = `${guide}${name}${" ".repeat(column - [...guide, ...name].length)}`;
  return [
    `${head}${kind.padEnd(indent - column)}${first}`.trimEnd(),
    ...rest.map((line) => `${goesOn}${" ".repeat(indent - goesOn.length)}${line}`),
  ];
}
