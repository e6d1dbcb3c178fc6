import { type Drawable, exportedPipe } from "./graph-export.js";
import { importModule } from "./graph-import.js";
import type { PipeChoice } from "./pipe-choice.js";

/** Prints what `textOf` says of a pipe that a module exports, and ends the process. */
export async function printPipe(
  path: string,
  choice: PipeChoice,
  textOf: (pipe: Drawable) => string,
): Promise<void> {
  const print = process.stdout.write.bind(process.stdout);
  // Standard output is for the pipe alone: what the module prints goes where messages go.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    const pipe = exportedPipe(path, await importModule(path), choice.export);
    print(`${textOf(pipe)}\n`);
  } finally {
    // A server or a timer of the module would keep this process; but what it was about to say, it says first.
    setImmediate(() => print("", () => process.stderr.write("", () => process.exit())));
  }
}
