import { join } from "node:path";

/** A Python that a worker can run on: it was started once, is new enough and has msgspec. */
export interface Interpreter {
  /** What to spawn; absolute. */
  readonly path: string;
  /** For example `3.11.7`. */
  readonly version: string;
  /** Where it was found, in words, for example `SLITHER_PYTHON`. */
  readonly source: string;
  /** The version of msgspec in it. */
  readonly msgspec: string;
}

/** A path that might be an interpreter, and where the idea came from. */
export interface Candidate {
  /** Absolute. */
  readonly path: string;
  readonly source: string;
  /** True when `path` was looked up on PATH: what is there may be a launcher that looks at the current folder. */
  readonly onPath: boolean;
  /** True for the environment that `slither setup` makes: what is wrong with it is mended by making it again. */
  readonly managed?: boolean;
}

/** Where `slither setup` makes an environment, and where it is looked for, relative to the working folder. */
export const MANAGED_FOLDER = ".slither/venv";

/** The interpreter of a virtual environment. */
export function interpreterIn(folder: string): string {
  return join(folder, "bin", "python");
}
