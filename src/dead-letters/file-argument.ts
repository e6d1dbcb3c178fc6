import { z } from "zod";
import { text } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";

const fileArguments = z.strictObject({ file: text("the path of a file") });

/** @throws OptionsError when `file` is no path. */
export function fileArgument(where: string, file: unknown): string {
  return parseOptions(where, fileArguments, { file }).file;
}
