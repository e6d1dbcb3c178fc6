import { printable, wrapped } from "../lines.js";
import type { GraphEdge, PipeGraph } from "./graph.js";
import type { GraphNode } from "./node.js";
import { phrasesOf } from "./words.js";

/** Columns of a terminal. */
const WIDTH = 80;

const INDENT = "  ";

/** A line of the outline. */
interface Row {
  /** What is drawn before it: indentation, and the lines of branches that go by. */
  readonly guide: string;
  readonly text: string;
  /** The stage that it is about; undefined for a way that leads elsewhere. */
  readonly node?: GraphNode;
}

/**
 * The picture of a pipe as text for a terminal. The stages that records go through in the usual way stand below each other; under a stage stand its other
 * ways, with the branches that they lead to. Each stage is there once: `→ name` says where lines join.
 *
 * @example
 * console.log(graphText(pipe.graph()))
 */
export function graphText(graph: PipeGraph): string {
  const rows = new Outline(graph).rows;
  const nodes = rows.filter(({ node }) => node !== undefined);
  const column = Math.max(...nodes.map(widthOf)) + INDENT.length;
  return [printable(graph.name), ...rows.flatMap((row) => linesOf(row, column))].join("\n");
}

class Outline {
  readonly rows: Row[] = [];
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #edges: readonly GraphEdge[];
  readonly #placed = new Set<string>();

  constructor({ nodes, edges }: PipeGraph) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    this.#edges = edges;
    for (const { id } of nodes) {
      if (!this.#isNew(id)) continue;
      // All but the input: a stage to which nothing leads.
      if (this.rows.length > 0) this.rows.push({ guide: "", text: "" });
      this.#addLine(id, INDENT);
    }
  }

  /** The stages from there on, as far as they are not in another line. */
  #addLine(start: string, guide: string): void {
    const line: GraphNode[] = [];
    for (let at: string | undefined = start; at !== undefined && this.#isNew(at); at = this.#flow(at)?.to) {
      this.#placed.add(at);
      line.push(this.#nodes.get(at) as GraphNode);
    }
    for (const [index, node] of line.entries()) {
      this.rows.push({ guide, text: printable(node.name), node });
      const flow = this.#flow(node.id);
      const ways = this.#edges.filter((edge) => edge.from === node.id && edge !== flow);
      const isLast = index === line.length - 1;
      if (isLast && flow !== undefined) ways.push(flow);
      for (const [way, edge] of ways.entries()) this.#addWay(edge, guide, isLast && way === ways.length - 1);
    }
  }

  #addWay(edge: GraphEdge, guide: string, isLast: boolean): void {
    const target = this.#nodes.get(edge.to) as GraphNode;
    const isBranch = this.#isNew(edge.to);
    const words = [...labelOf(edge, target), ...(isBranch ? [] : ["→", nameOf(target)])];
    this.rows.push({ guide: `${guide}${isLast ? "└─ " : "├─ "}`, text: words.join(" ") });
    if (isBranch) this.#addLine(edge.to, `${guide}${isLast ? "   " : "│  "}`);
  }

  #flow(id: string): GraphEdge | undefined {
    return this.#edges.find(({ from, kind }) => from === id && kind === "flow");
  }

  #isNew(id: string): boolean {
    return this.#nodes.get(id)?.kind !== "output" && !this.#placed.has(id);
  }
}

function labelOf({ kind, output }: GraphEdge, target: GraphNode): string[] {
  if (kind === "failure") return [`failed: ${printable(output)}`];
  if (kind === "decision") return [`decided: ${printable(output)}`];
  return kind === "route" || target.kind === "output" ? [printable(output)] : [];
}

/** The name of an output stands before the arrow. */
function nameOf(node: GraphNode): string {
  return node.kind === "output" ? "output" : printable(node.name);
}

function linesOf(row: Row, column: number): string[] {
  const { guide, text, node } = row;
  const start = `${guide}${text}`;
  if (node === undefined || node.kind === "input") return [start];
  const details = `${node.kind}${INDENT.repeat(4)}`.slice(0, "python".length + INDENT.length);
  const indent = column + details.length;
  const [first = "", ...rest] = wrapped(phrasesOf(node).map(printable), WIDTH - indent);
  const head = `${start}${" ".repeat(column - widthOf(row))}${details}${first}`.trimEnd();
  return [head, ...rest.map((line) => `${guide}${" ".repeat(indent - guide.length)}${line}`)];
}

function widthOf({ guide, text }: Row): number {
  return guide.length + [...text].length;
}
