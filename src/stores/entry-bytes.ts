import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { TableKey } from "../store.js";
import type { TableRules } from "./options.js";
import { estimatedBytes } from "./value-sizes.js";

/** What an entry takes of `maxBytes`. @throws OptionsError when `sizeOf` gives back no size. */
export function bytesOf(key: TableKey, value: unknown, sizeOf: TableRules["sizeOf"]): number {
  if (sizeOf === undefined) return estimatedBytes(key) + estimatedBytes(value);
  const bytes: unknown = sizeOf(value, key);
  if (typeof bytes === "number" && Number.isFinite(bytes) && bytes >= 0) return bytes;
  throw new OptionsError("sizeOf", [
    `expected it to return a number of bytes, 0 or more, got ${show(bytes)}`,
  ]);
}
