import { z } from "zod";
import { OptionsError } from "../errors/options.js";
import { parseOptions, show } from "../options/parse.js";
import { DeadLetterError, type DeadLetterPlace } from "./error.js";
import type { DeadLetter } from "./letter.js";
import { decodeRecord, encodeRecord } from "./record-codec.js";

/** The fields of a letter that hold values of the pipe. */
const VALUES = ["id", "origin", "input", "payload", "meta"] as const satisfies readonly (keyof DeadLetter)[];

const string = z.string({ error: "a string" });
const present = z.custom<unknown>((value) => value !== undefined, "there");
const count = z.int({ error: "an integer from 0" }).nonnegative({ error: "an integer from 0" });

/** In the order in which they are written. A later version may add others, which are passed over. */
const fields = z.object(
  {
    run: string,
    pipe: string,
    time: string,
    id: present,
    origin: z.custom<unknown>().optional(),
    stage: string,
    errorClass: string,
    code: string.optional(),
    message: string,
    traceback: string.optional(),
    signal: string.optional(),
    exitCode: z.int({ error: "an integer" }).optional(),
    attempts: count,
    entry: string.optional(),
    input: present,
    payload: present,
    meta: present,
  },
  { error: "an object" },
);

/** A letter as a line of a dead-letter file, without the line's end. */
export function lineOf(letter: DeadLetter): string {
  const written = Object.keys(fields.shape).flatMap((name) => {
    const value = letter[name as keyof DeadLetter];
    if (name === "origin" && value === undefined) return [];
    if (isValue(name)) return [`"${name}":${encodeRecord(value, name)}`];
    return value === undefined ? [] : [`"${name}":${JSON.stringify(value)}`];
  });
  // JSON allows these in strings as they are, but there are tools that take them for the end of a line.
  return `{${written.join(",")}}`.replace(
    /[\u0085\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * The letter of a line, which was parsed by `JSON.parse`. A field whose value could not be kept throws a DeadLetterError when it is read, and not
 * before: whoever needs it not can do without it.
 *
 * @throws DeadLetterError when the line is no letter.
 */
export function letterFrom(parsed: unknown, place: DeadLetterPlace): DeadLetter {
  const stored = checked(parsed, place);
  // Without what is undefined: a field that is not in the line is not in the letter.
  const letter = Object.fromEntries(Object.entries(stored).filter(([, value]) => value !== undefined));
  for (const name of VALUES) {
    if (name === "origin" && stored.origin === undefined) continue;
    const decoded = decodeRecord(stored[name]);
    if (decoded.kind === "broken")
      throw new DeadLetterError(place, `expected \`${name}\` to be a value, got ${decoded.problem}; ${MEND}`);
    if (decoded.kind === "value") {
      requireKind(name, decoded.value, place);
      letter[name] = decoded.value;
      continue;
    }
    const { type, path, text } = decoded;
    const problem = `expected \`${name}\` to be a value that can be kept in a file, got ${type} at ${path}, which was: ${text}. Take the record from where it came from; docs/guides/dead-letters.md says what can be kept`;
    Object.defineProperty(letter, name, {
      enumerable: true,
      get: () => {
        throw new DeadLetterError(place, problem);
      },
    });
  }
  return letter as unknown as DeadLetter;
}

/** What to do about a line that is broken. */
export const MEND = "correct the line or delete it";

function checked(parsed: unknown, place: DeadLetterPlace): z.output<typeof fields> {
  try {
    return parseOptions("", fields, parsed);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    const problems = error.problems.join("; ").replaceAll("the options", "a letter");
    throw new DeadLetterError(place, `${problems}; ${MEND}`);
  }
}

function requireKind(name: (typeof VALUES)[number], value: unknown, place: DeadLetterPlace): void {
  let expected: string | undefined;
  if ((name === "id" || name === "origin") && !["string", "number"].includes(typeof value))
    expected = "a string or a number";
  if (name === "meta" && (typeof value !== "object" || value === null || Array.isArray(value)))
    expected = "an object";
  if (expected === undefined) return;
  throw new DeadLetterError(place, `expected \`${name}\` to be ${expected}, got ${show(value)}; ${MEND}`);
}

function isValue(name: string): boolean {
  return (VALUES as readonly string[]).includes(name);
}
