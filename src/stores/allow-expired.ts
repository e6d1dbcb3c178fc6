import { OptionsError } from "../errors/options.js";
import { show } from "../options/parse.js";
import type { AllowExpired } from "../store.js";

/** @throws OptionsError for options of a read that ask for something else than expired values. */
export function requireAllowExpired(call: string, options: unknown): asserts options is AllowExpired {
  const names = typeof options === "object" && options !== null ? Object.keys(options) : [];
  if (names.length === 1 && (options as Partial<AllowExpired>).allowExpired === true) return;
  throw new OptionsError(call, [`expected the options to be { allowExpired: true }, got ${show(options)}`]);
}
