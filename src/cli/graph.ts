import type { PipeGraph } from "../plan/graph/graph.js";
import { graphMermaid } from "../plan/graph/mermaid.js";
import { graphText } from "../plan/graph/text.js";
import type { PipeChoice } from "./pipe-choice.js";
import { printPipe } from "./print-pipe.js";

/** The options of `slither graph`. */
export interface GraphOptions extends PipeChoice {
  readonly format: keyof typeof FORMATS;
}

const FORMATS = {
  text: graphText,
  mermaid: graphMermaid,
  json: (graph: PipeGraph): string => JSON.stringify(graph, undefined, 2),
};

/** Prints the picture of a pipe that a module exports, and ends the process. */
export async function graph(path: string, options: GraphOptions): Promise<void> {
  await printPipe(path, options, (pipe) => FORMATS[options.format](pipe.graph()));
}
