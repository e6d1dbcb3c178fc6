import type { GraphEdge, PipeGraph } from "./graph.js";
import type { GraphNode } from "./node.js";

/** What stands before and after the label of a node, by kind. */
const SHAPES: Readonly<Record<GraphNode["kind"], readonly [open: string, close: string]>> = {
  input: ["([", "])"],
  node: ["(", ")"],
  tap: ["[/", "/]"],
  python: ["[[", "]]"],
  route: ["{", "}"],
  merge: ["{{", "}}"],
  output: ["([", "])"],
};

/**
 * The picture of a pipe in the language of Mermaid (https://mermaid.js.org), as GitHub shows it in Markdown. What leads to failures and to where functions
 * decide is dotted.
 *
 * @example
 * console.log(graphMermaid(pipe.graph()))
 */
export function graphMermaid({ nodes, edges }: PipeGraph): string {
  // Names of stages may be words of the language.
  const ids = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const lines = [
    ...nodes.map((node) => `${ids.get(node.id)}${shaped(node)}`),
    ...edges.map((edge) => `${ids.get(edge.from)} ${arrow(edge)} ${ids.get(edge.to)}`),
  ];
  return ["flowchart TD", ...lines.map((line) => `  ${line}`)].join("\n");
}

function shaped(node: GraphNode): string {
  const [open, close] = SHAPES[node.kind];
  const called = node.kind === "python" ? `<br/>${escaped(`${node.module}.${node.function}`)}` : "";
  return `${open}"${escaped(node.name)}${called}"${close}`;
}

function arrow({ kind, output }: GraphEdge): string {
  if (kind === "flow") return "-->";
  if (kind === "route") return `-->|"${escaped(output)}"|`;
  return `-.->|"${kind === "failure" ? "failed" : "decided"}, ${escaped(output)}"|`;
}

/**
 * Everything that the language, or Markdown in its labels, could take for its own, as the number of the character. A full stop and `_` mean something
 * only at the edge of a word.
 */
function escaped(text: string): string {
  return text.replace(
    /[^\p{L}\p{N} ._]|(?<!\p{L})[._]|[._](?![\p{L}\p{N}])/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
}
