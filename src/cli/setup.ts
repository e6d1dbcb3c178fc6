import { createEnvironment } from "../environment/create.js";
import { endSignal } from "./end-signal.js";

/** The options of `slither setup`. */
export interface SetupOptions {
  readonly path: string;
  readonly python?: string;
}

/** Makes the environment. Progress goes to stderr; stdout gets one line, the interpreter to use. */
export async function setup(requirements: readonly string[], options: SetupOptions): Promise<void> {
  using ending = endSignal();
  const { interpreter } = await createEnvironment({
    requirements,
    folder: options.path,
    python: options.python,
    report: (line) => process.stderr.write(`${line}\n`),
    signal: ending.signal,
  });
  process.stdout.write(`${interpreter}\n`);
}
