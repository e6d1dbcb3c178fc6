import type { PipeGraph } from "../plan/graph/graph.js";
import { graphMermaid } from "../plan/graph/mermaid.js";
import { graphText } from "../plan/graph/text.js";
import { exportedPipe } from "./graph-export.js";
import { importModule } from "./graph-import.js";

/** The options of `slither graph`. */
export interface GraphOptions {
  readonly export?: string;
  readonly format: keyof typeof FORMATS;
}

const FORMATS = {
  text: graphText,
  mermaid: graphMermaid,
  json: (graph: PipeGraph): string => JSON.stringify(graph, undefined, 2),
};

/** Prints the picture of a pipe that a module exports, and ends the process. */
export async function graph(path: string, options: GraphOptions): Promise<void> {
  const print = process.stdout.write.bind(process.stdout);
  // Standard output is for the picture alone: what the module prints goes where messages go.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    const pipe = exportedPipe(path, await importModule(path), options.export);
    print(`${FORMATS[options.format](pipe.graph())}\n`);
  } finally {
    // A server or a timer of the module would keep this process; but what it was about to say, it says first.
    setImmediate(() => print("", () => process.stderr.write("", () => process.exit())));
  }
}
