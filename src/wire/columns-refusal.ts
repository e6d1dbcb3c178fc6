import { ValueNotSupportedError } from "../errors/value.js";
import type { ColumnKinds } from "./columns-infer.js";
import { type ColumnKind, isPlainArray, shapedAs } from "./columns-kind.js";
import { valueFits } from "./columns-put.js";
import { Handle } from "./handle.js";
import { lossOf, NdArray } from "./ndarray.js";
import { FORBIDDEN_KEY } from "./protocol.js";
import { isRecord } from "./record.js";
import { hintFor, segment, typeNameOf } from "./refusal.js";
import { SharedArray } from "./shared-array.js";
import { Tuple } from "./tuple.js";

/** The error for a row that does not fit, which `place` names. */
export function misfitOf(row: unknown, place: string, of: ColumnKinds): ValueNotSupportedError {
  const { keys, kinds, origin } = of;
  if (!isRecord(row))
    return refusal(place, `a plain object, whose keys are the columns`, typeNameOf(row), hintFor(row));
  const added = Object.keys(row).find((key) => !keys.includes(key));
  if (added === FORBIDDEN_KEY)
    return refusal(
      place,
      "a plain object",
      `the key ${FORBIDDEN_KEY}`,
      "JavaScript objects cannot hold it safely; rename it",
    );
  if (added !== undefined) {
    const known = `only the keys ${keys.join(", ") || "(none)"} (${origin})`;
    return new ValueNotSupportedError({
      path: `${place}${segment(added)}`,
      typeName: typeNameOf(row),
      direction: "argument",
      message: `expected ${place} to have ${known}, got also ${added} (leave it out, or give it to all rows)`,
    });
  }
  for (const [index, key] of keys.entries()) {
    const path = `${place}${segment(key)}`;
    const expected = expectedOf(kinds[index], origin);
    if (!Object.hasOwn(row, key)) return refusal(path, expected, "nothing", hintOfNothing(kinds[index]));
    let value: unknown;
    try {
      value = row[key];
    } catch (error) {
      return refusal(path, expected, "a value that throws when it is read", (error as Error).message);
    }
    if (!valueFits(value, kinds[index]))
      return refusal(path, expected, shownOf(value), hintOf(value, kinds[index]));
  }
  return refusal(place, "the same when it is read again", "an object that changes", "");
}

function refusal(path: string, expected: string, got: string, hint: string): ValueNotSupportedError {
  const help = hint === "" ? "" : ` (${hint})`;
  return new ValueNotSupportedError({
    path,
    typeName: got,
    direction: "argument",
    message: `expected ${path} to be ${expected}, got ${got}${help}`,
  });
}

const ELEMENTS: Readonly<Record<string, string>> = {
  float64: "a number",
  float32: "a number that float32 holds exactly",
  bool: "a boolean",
  str: "a string",
};

function expectedOf(kind: ColumnKind | undefined, origin: string): string {
  if (kind === undefined)
    return "a number, bigint, boolean, string, or an array of numbers, as columns are made of";
  const { dtype, inner } = kind;
  const element = ELEMENTS[dtype] ?? `an integer that ${dtype} holds`;
  const shape = inner.join("x");
  const what =
    inner.length === 1
      ? `an array of ${shape}, each ${element}`
      : `an NdArray of ${dtype} with the shape ${shape}`;
  return `${inner.length === 0 ? element : what} (column ${dtype}, ${origin})`;
}

/** What it is; of what is right but for its value or size, that. */
function shownOf(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return `${value}n`;
  const shaped = shapedAs(value);
  if (shaped !== undefined && lossOf(shaped) !== undefined) return "NdArray";
  if (shaped !== undefined)
    return `an array of ${shaped.dtype} with the shape ${shaped.shape.join("x") || "()"}`;
  if (!isPlainArray(value)) return typeNameOf(value);
  const other = Array.from(value).find((element) => typeof element !== "number");
  return other === undefined ? `an array of ${value.length}` : `an array with a ${typeNameOf(other)} in it`;
}

function hintOf(value: unknown, kind: ColumnKind | undefined): string {
  if (value === null || value === undefined) return hintOfNothing(kind);
  if (kind?.dtype === "float32" && typeof value === "number") return "use Math.fround(value), or float64";
  if (kind?.dtype === "float64" && typeof value === "bigint") return "use Number(value)";
  const loss = value instanceof NdArray ? lossOf(value) : undefined;
  if (loss !== undefined) return loss;
  return isCarried(value) ? ANY : hintFor(value) || ANY;
}

/** Whether it is a value by itself, which only cannot be in an array. */
function isCarried(value: unknown): boolean {
  if (value instanceof SharedArray || value instanceof NdArray || value instanceof Handle) return true;
  if (value instanceof Uint8Array || value instanceof Map || value instanceof Tuple) return true;
  return isPlainArray(value) || isRecord(value);
}

const ANY = 'a column that is declared as "object" takes any value';

function hintOfNothing(kind: ColumnKind | undefined): string {
  if (kind?.dtype === "float64" || kind?.dtype === "float32") return "use NaN";
  return ANY;
}
