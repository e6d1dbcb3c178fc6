import { isDeepStrictEqual } from "node:util";
import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { KeyPart, TableKey } from "../store.js";
import { canonical, keptKey } from "./keys.js";

/** The values of one key of a bag. An array is never changed once it is in a table: who has it reads what was there. */
export type Values = readonly unknown[];

/** What a key without values has. */
export const NO_VALUES: Values = Object.freeze([]);

/** The values to add, by their keys. */
export function grouped(
  entries: Iterable<readonly [TableKey, unknown]>,
): Iterable<{ key: TableKey; added: unknown[] }> {
  const groups = new Map<KeyPart, { key: TableKey; added: unknown[] }>();
  for (const [key, value] of entries) {
    const group = groups.get(canonical(key));
    // An iterable may give the same array again, with another key in it.
    if (group === undefined) groups.set(canonical(key), { key: keptKey(key), added: [value] });
    else group.added.push(value);
  }
  return groups.values();
}

/** The values without the first that equals `value`. */
export function withoutFirst(values: Values, value: unknown): Values {
  const index = values.findIndex((each) => isDeepStrictEqual(each, value));
  return index < 0 ? values : values.toSpliced(index, 1);
}

/** A copy of what a function made: the caller may go on to change it. @throws OptionsError for what is no array. */
export function requireValues(made: unknown): Values {
  if (Array.isArray(made)) return [...made];
  throw new OptionsError("update()", [
    `expected the function to return an array of values, got ${show(made)}`,
  ]);
}
