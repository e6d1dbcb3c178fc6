import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { Aged, AllowExpired, KeyPart } from "../store.js";
import type { TableCore } from "./table-core.js";

/** The value of a key with its age, also when it is expired. @throws OptionsError for options that ask for something else. */
export function agedAt(table: TableCore, found: KeyPart, options: AllowExpired): Aged<unknown> | undefined {
  if ((options as Partial<AllowExpired> | null)?.allowExpired !== true)
    throw new OptionsError("get()", [
      `expected the options to be { allowExpired: true }, got ${show(options)}`,
    ]);
  const { rows, store } = table;
  const entry = rows.get(found);
  const now = store.now();
  if (entry === undefined || rows.isGone(entry, now)) return undefined;
  return { value: entry.value, ageMs: now - entry.writtenAt, isExpired: !rows.isFresh(entry, now) };
}
