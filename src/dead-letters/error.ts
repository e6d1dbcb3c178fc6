import { SlitherError } from "../errors/slither-error.js";

/** A dead-letter file cannot be written or read, or a line of it is none, or holds a value that could not be kept. */
export class DeadLetterError extends SlitherError {
  readonly code = "SLITHER_DEAD_LETTER";
  /** The file, with its whole path. */
  readonly file: string;
  /** From 1; undefined for what concerns the file as a whole. */
  readonly line: number | undefined;

  constructor(place: DeadLetterPlace, problem: string, cause?: unknown) {
    const where = place.line === undefined ? place.file : `${place.file}, line ${place.line}`;
    super(`${where}: ${problem}`, { cause });
    this.file = place.file;
    this.line = place.line;
  }
}

/** Where in which file. */
export interface DeadLetterPlace {
  readonly file: string;
  readonly line?: number | undefined;
}
