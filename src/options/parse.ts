import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { OptionsError } from "../errors/options.js";

/**
 * Checks options from a caller against their table, and fills in its defaults. The tables give each field's `error` as what was expected in
 * words (`"a positive integer"`).
 *
 * @throws OptionsError with a sentence for each problem: expected `batch.size` to be a positive integer, got `0` (number).
 */
export function parseOptions<Schema extends z.ZodType>(
  where: string,
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  // A value of the wrong type may fail a check of its length, too: one sentence will do.
  const problems = new Set(parsed.error.issues.flatMap((issue) => describe(issue, schema, options)));
  throw new OptionsError(where, [...problems]);
}

/** The message of a union in the table that has none of its own. */
const SAYS_NOTHING = "Invalid input";

function describe(issue: z.core.$ZodIssue, schema: z.ZodType, options: unknown): string[] {
  if (issue.code === "invalid_union" && issue.message === SAYS_NOTHING) {
    // The last alternative is the one to write down by hand; the others are made by functions.
    return (issue.errors.at(-1) ?? []).flatMap((inner) =>
      describe({ ...inner, path: [...issue.path, ...inner.path] }, schema, options),
    );
  }
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => unknownName("option", nameOf([...issue.path, key]), key, known));
  }
  const name = issue.path.length === 0 ? "the options" : `\`${nameOf(issue.path)}\``;
  return [`expected ${name} to be ${issue.message}, got ${show(valueAt(options, issue.path))}`];
}

/** "unknown option `bach`, did you mean `batch`?", or the names that there are. */
export function unknownName(kind: string, shown: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const help =
    near !== undefined
      ? `did you mean \`${near}\`?`
      : `expected one of ${known.map((each) => `\`${each}\``).join(", ") || "none"}`;
  return `unknown ${kind} \`${shown}\`, ${help}`;
}

/** What `name` is the beginning of, or a slip of the finger for; undefined where that would be a guess. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const longer = known.filter((each) => name !== "" && each.startsWith(name));
  if (longer.length === 1) return longer[0];
  if (known.length === 0) return undefined;
  const near = closest(name, known);
  const letters = distance(name, near);
  const slips = Math.max(2, Math.floor(name.length / 3));
  return letters <= slips && letters < Math.max(name.length, near.length) ? near : undefined;
}

/** A value for an error message: short, with its type. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return `\`${value}\``;
  if (typeof value === "function") return `a function${value.name ? ` \`${value.name}\`` : ""}`;
  if (value instanceof Promise) return "a Promise (await it first)";
  if (typeof value === "object") {
    const name = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
    return Array.isArray(value) ? `an array of ${value.length}` : `an object (${name})`;
  }
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return `\`${text.length <= 60 ? text : `${text.slice(0, 57)}…`}\` (${typeof value})`;
}

function nameOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}

function valueAt(options: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    options,
  );
}

/** The names that the object schema at `path` knows. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const at = path.reduce<z.ZodType | undefined>(
    (parent, key) => unwrap(parent)?.shape[String(key)] as z.ZodType | undefined,
    schema,
  );
  return Object.keys(unwrap(at)?.shape ?? {});
}

function unwrap(schema: z.ZodType | undefined): z.ZodObject | undefined {
  let inner = schema;
  while (inner !== undefined) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault)
      inner = inner.unwrap() as z.ZodType;
    else if (inner instanceof z.ZodPipe) inner = inner.in as z.ZodType;
    else if (inner instanceof z.ZodUnion) inner = inner.options.at(-1) as z.ZodType;
    else break;
  }
  return inner instanceof z.ZodObject ? inner : undefined;
}
