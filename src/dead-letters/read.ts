import { resolve } from "node:path";
import { DeadLetterError, type DeadLetterPlace } from "./error.js";
import { fileArgument } from "./file-argument.js";
import type { DeadLetter } from "./letter.js";
import { letterFrom, MEND } from "./line.js";
import { type Line, linesOf } from "./lines.js";

/**
 * The letters of a dead-letter file, in the order in which they were written, one at a time: the file may be larger than the memory. Blank lines are
 * passed over.
 *
 * A field whose value could not be kept throws a DeadLetterError when it is read; see docs/guides/dead-letters.md.
 *
 * @throws OptionsError when `file` is no path; while it is iterated, DeadLetterError when the file cannot be read, or, after the letters before it,
 * at a line that is no letter.
 *
 * @example
 * for await (const { id, stage, message } of readLetters("rejected.jsonl")) console.log(id, stage, message);
 */
export function readLetters(file: string): AsyncGenerator<DeadLetter, void, undefined> {
  return lettersOf(resolve(fileArgument("readLetters()", file)));
}

async function* lettersOf(file: string): AsyncGenerator<DeadLetter, void, undefined> {
  let number = 0;
  for await (const line of linesOf(file)) {
    number += 1;
    const place = { file, line: number };
    const parsed = parse(line, place);
    if (parsed !== undefined) yield letterFrom(parsed, place);
  }
}

/** Undefined for a blank line. */
function parse(line: Line, place: DeadLetterPlace): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(line.bytes);
    return text.trim() === "" ? undefined : JSON.parse(text);
  } catch (error) {
    if (line.isEnded)
      throw new DeadLetterError(
        place,
        `expected a letter in JSON, got ${(error as Error).message}; ${MEND}`,
        error,
      );
    const problem =
      "expected a whole letter, got the beginning of one, at the end of the file: who wrote it crashed, or is still writing. Delete this line when no run writes to the file any more";
    throw new DeadLetterError(place, problem, error);
  }
}
