import { expect, test } from "vitest";
import type { z } from "zod";
import { inlineOptions } from "../../src/engines/inline/options.js";
import { localOptions } from "../../src/engines/local/options.js";
import {
  nodeStageOptions,
  pipeOptions,
  pythonStageOptions,
  replayFields,
  runOptions,
} from "../../src/pipe/options.js";
import { engineOptions } from "../../src/session/engine-options.js";
import { limits } from "../../src/session/limits.js";
import { closeOptions } from "../../src/session/options.js";
import { sessionOptions } from "../../src/session/session-options.js";
import { retryOptions } from "../../src/stage/policy.js";
import { faultTestOptions } from "../../src/testing/options.js";
import { codeIn, guidePages, tableAt } from "./pages.js";
import { fieldsIn, interfaceOf } from "./sources.js";

/** Options that have a table, with what their parser says and what it must be given. */
const TABLES: Readonly<Record<string, { schema?: z.ZodObject; required?: object }>> = {
  LocalOptions: { schema: localOptions },
  EngineOptions: { schema: engineOptions },
  SessionOptions: { schema: sessionOptions },
  SessionLimits: { schema: limits },
  RecycleLimits: {},
  ForkOptions: {},
  CallOptions: {},
  CloseOptions: { schema: closeOptions },
  PipeOptions: { schema: pipeOptions },
  PythonStageOptions: { schema: pythonStageOptions, required: { module: "m", function: "f" } },
  NodeStageOptions: { schema: nodeStageOptions },
  RunOptions: { schema: runOptions },
  ReplayOptions: { schema: replayFields },
  RetryOptions: { schema: retryOptions },
  InlineOptions: { schema: inlineOptions, required: { modules: {} } },
  FaultTestOptions: { schema: faultTestOptions },
};

const pages = guidePages().map((page) => page.text);

/** The table behind the mark `<!-- options NAME -->`: option, type, default, what. */
function documented(name: string): { option: string; default: string | undefined }[] {
  const mark = `<!-- options ${name} -->`;
  const page = pages.find((text) => text.includes(mark)) ?? "";
  return tableAt(page, page.indexOf(mark)).map(([option, , value]) => ({
    option: codeIn(option)[0] as string,
    default: codeIn(value).length === 1 ? codeIn(value)[0] : undefined,
  }));
}

/** The fields that users see, those of `extends` last. */
function declared(name: string): string[] {
  const { extends: base, body } = interfaceOf(name);
  const nested = [...body.matchAll(/(\w+)\??: \{ (.*?) \}/g)].flatMap(([, field, inner = ""]) =>
    fieldsIn(inner).map((each) => `${field}.${each}`),
  );
  return [...fieldsIn(body), ...nested, ...(base === undefined ? [] : declared(base))];
}

test.each(Object.keys(TABLES))("the table of %s has every option and no other", (name) => {
  expect(
    documented(name)
      .map((row) => row.option)
      .sort(),
  ).toEqual(declared(name).sort());
});

const parsed = Object.entries(TABLES).filter(([, { schema }]) => schema !== undefined);

test.each(parsed)("the table of %s is about what its parser reads", (name, { schema }) => {
  const outermost = documented(name).filter(({ option }) => !option.includes("."));
  expect(outermost.map((row) => row.option).sort()).toEqual(Object.keys(schema?.shape ?? {}).sort());
});

const defaults = parsed.flatMap(([name, { schema, required = {} }]) =>
  documented(name).flatMap(({ option, default: value }) =>
    value === undefined ? [] : [{ name, option, value, schema, required }],
  ),
);

test.each(defaults)("$value is the default of $option in $name", ({ option, value, schema, required }) => {
  const keys = option.split(".");
  const given = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), JSON.parse(value));
  expect(schema?.parse({ ...required, ...(given as object) })).toEqual(schema?.parse(required));
});
