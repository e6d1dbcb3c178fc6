import { OptionsError, type PythonStageOptions, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { thrown } from "../helpers/rejection.js";

test.each<[string, Partial<PythonStageOptions>]>([
  ["each", { each: true }],
  ["input", { input: z.any() }],
  ["output", { output: z.any() }],
])("columns go with no `%s`", (option, options) => {
  const stage = () => pipe("p").python("s", { module: "m", function: "f", columns: true, ...options });
  expect(thrown(stage, OptionsError).message).toContain(`expected no \`${option}\` beside \`columns\``);
});

test.each<[unknown, string]>([
  [
    "float64",
    'expected `columns` to be true, false, or an object of dtypes by key, got `"float64"` (string)',
  ],
  [{ a: "float16" }, 'expected `columns.a` to be one of "bool", "int8"'],
])("columns are not %j", (columns, message) => {
  const options = { module: "m", function: "f", columns } as PythonStageOptions;
  expect(() => pipe("p").python("s", options)).toThrow(message);
});
