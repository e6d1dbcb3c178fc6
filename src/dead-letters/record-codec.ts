import { inspect } from "node:util";
import { packable, packBody } from "../wire/encode.js";
import { unpack } from "../wire/extensions.js";
import { MARK, NotPortable, PortableCopy } from "./portable.js";
import { restored } from "./restored.js";

/** So that a line with all its fields is not longer than a string can be. */
export const MAX_FIELD_CHARACTERS = 2 ** 26;

/** How much of a value that cannot be kept is shown in its place. */
const MAX_SHOWN_CHARACTERS = 1_000;

/**
 * A value as JSON text, in one line, from which {@link decodeRecord} makes exactly that value. Where JSON is exact it is what `JSON.stringify` gives.
 * Never throws: what cannot be kept is named in its place.
 *
 * @param name of the field, with which the path to what cannot be kept begins.
 */
export function encodeRecord(value: unknown, name: string): string {
  const copy = new PortableCopy();
  try {
    const portable = copy.of(value);
    const text = JSON.stringify(copy.isPlain ? portable : packed(portable));
    if (text.length <= MAX_FIELD_CHARACTERS) return text;
    return unsupported(value, `a value of ${text.length} characters`, name);
  } catch (error) {
    if (error instanceof NotPortable) return unsupported(value, error.typeName, name + copy.path);
    // A getter or a proxy of the caller's own; or more than a string or a message can hold.
    const why = error instanceof Error ? error.message : "it threw no error";
    return unsupported(value, `a value that cannot be read or written (${why})`, name + copy.path);
  }
}

function packed(portable: unknown): object {
  const body = packBody(packable(portable, "", ""), "");
  return { [MARK]: "msgpack", data: body.toString("base64") };
}

function unsupported(value: unknown, type: string, path: string): string {
  const place = path.length <= 200 ? path : `${path.slice(0, 120)}…${path.slice(-40)}`;
  return JSON.stringify({ [MARK]: "unsupported", type, path: place, text: shown(value) });
}

function shown(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 3,
      maxArrayLength: 20,
      maxStringLength: 200,
      breakLength: Number.POSITIVE_INFINITY,
      customInspect: false,
    });
    return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS - 1)}…`;
  } catch {
    return "";
  }
}

/** `unsupported`: it could not be kept when it was written, and what is there says what it was. `broken`: nothing that was ever written. */
export type Decoded =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "unsupported"; readonly type: string; readonly path: string; readonly text: string }
  | { readonly kind: "broken"; readonly problem: string };

/** Reads what {@link encodeRecord} wrote, after `JSON.parse`. */
export function decodeRecord(stored: unknown): Decoded {
  if (typeof stored !== "object" || stored === null || !Object.hasOwn(stored, MARK))
    return { kind: "value", value: stored };
  const { [MARK]: kind, data, type, path, text } = stored as Record<string, unknown>;
  if (kind === "unsupported")
    return { kind, type: String(type), path: String(path), text: String(text ?? "") };
  if (kind !== "msgpack" || typeof data !== "string")
    return broken(`an object with "${MARK}": ${JSON.stringify(kind)}`);
  const body = Buffer.from(data, "base64");
  // Buffer skips what is no base64.
  if (body.toString("base64") !== data) return broken("damaged base64");
  try {
    return { kind: "value", value: restored(unpack(body)) };
  } catch (error) {
    return broken(`damaged data (${(error as Error).message})`);
  }
}

function broken(problem: string): Decoded {
  return { kind: "broken", problem };
}
