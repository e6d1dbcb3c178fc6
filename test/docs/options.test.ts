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
  tapOptions,
  viaOptions,
} from "../../src/pipe/option-schemas.js";
import { engineOptions } from "../../src/session/engine-options.js";
import { limits } from "../../src/session/limits.js";
import { closeOptions } from "../../src/session/options.js";
import { sessionOptions } from "../../src/session/session-options.js";
import { adaptive, keyed, microBatch } from "../../src/stage/batching.js";
import { cachedOptions } from "../../src/stage/cached.js";
import { retryOptions } from "../../src/stage/policy.js";
import { durableOptions } from "../../src/stores/durable/durable.js";
import { storeOptions, tableOptions } from "../../src/stores/options.js";
import { remoteStoreOptions, remoteTableOptions } from "../../src/stores/redis/options.js";
import { faultTestOptions } from "../../src/testing/options.js";
import { viewOptions } from "../../src/views/view.js";
import { codeIn, guidePages, tableAt } from "./pages.js";
import { fieldsIn, interfaceOf } from "./sources.js";

/** How the options of a table are read. */
interface Reading {
  readonly schema?: z.ZodObject;
  /** For options whose schema is not to be had: what a function makes of them. */
  readonly made?: (options: object) => unknown;
  /** What must be given. */
  readonly required?: object;
}

const PYTHON_STAGE = { module: "m", function: "f" };

/** Options that have a table. One may leave out what its interface has from another that has a table of its own. */
const TABLES: Readonly<Record<string, Reading>> = {
  LocalOptions: { schema: localOptions },
  EngineOptions: { schema: engineOptions },
  SessionOptions: { schema: sessionOptions },
  SessionLimits: { schema: limits },
  RecycleLimits: {},
  ForkOptions: {},
  CallOptions: {},
  CloseOptions: { schema: closeOptions },
  PipeOptions: { schema: pipeOptions },
  PythonStageOptions: { schema: pythonStageOptions, required: PYTHON_STAGE },
  NodeStageOptions: { schema: nodeStageOptions },
  TapOptions: { schema: tapOptions },
  CachedOptions: { made: (options) => cachedOptions.parse(options), required: { maxAge: 1 } },
  CachedConversion: {},
  PacingOptions: { made: (options) => pythonStageOptions.parse({ ...PYTHON_STAGE, ...options }) },
  WeightedOptions: {},
  KeyedOptions: { made: (options) => keyed(options as never).settings, required: { key: () => 0 } },
  MicroBatchOptions: { made: (options) => microBatch(options as never).settings, required: { maxWait: 1 } },
  AdaptiveOptions: { made: (options) => adaptive(options as never).settings, required: { latency: 1 } },
  ViaOptions: { schema: viaOptions },
  RunOptions: { schema: runOptions },
  ReplayOptions: { schema: replayFields },
  ViewOptions: { schema: viewOptions },
  RetryOptions: { schema: retryOptions },
  TableOptions: { schema: tableOptions },
  StoreOptions: { schema: storeOptions },
  DurableOptions: { schema: durableOptions, required: { path: "p" } },
  RemoteStoreOptions: { schema: remoteStoreOptions, required: { url: "redis://localhost" } },
  RemoteTableOptions: { schema: remoteTableOptions },
  RemoteCacheOptions: {},
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

/** The same, and what the table of `extends` has where there is one. */
function documentedInAll(name: string): ReturnType<typeof documented> {
  const { extends: base } = interfaceOf(name);
  return [...documented(name), ...(base !== undefined && base in TABLES ? documentedInAll(base) : [])];
}

/** The fields that users see, those of `extends` last. */
function declared(name: string): string[] {
  const { extends: base, body } = interfaceOf(name);
  const nested = [...body.matchAll(/(\w+)\??:\s+(?:\| )?\{\s+(.*?)\s+\}/gs)].flatMap(
    ([, field, inner = ""]) => fieldsIn(inner).map((each) => `${field}.${each}`),
  );
  return [...fieldsIn(body), ...nested, ...(base === undefined ? [] : declared(base))];
}

test.each(Object.keys(TABLES))("the table of %s has every option and no other", (name) => {
  expect(
    documentedInAll(name)
      .map((row) => row.option)
      .sort(),
  ).toEqual(declared(name).sort());
});

const parsed = Object.entries(TABLES).filter(([, { schema }]) => schema !== undefined);

test.each(parsed)("the table of %s is about what its parser reads", (name, { schema }) => {
  const outermost = documentedInAll(name).filter(({ option }) => !option.includes("."));
  expect(outermost.map((row) => row.option).sort()).toEqual(Object.keys(schema?.shape ?? {}).sort());
});

const defaults = Object.entries(TABLES).flatMap(([name, { schema, made, required = {} }]) => {
  const read = made ?? (schema && ((options: object) => schema.parse(options)));
  if (read === undefined) return [];
  return documented(name).flatMap(({ option, default: value }) =>
    value === undefined ? [] : [{ name, option, value, read, required }],
  );
});

test.each(defaults)("$value is the default of $option in $name", ({ option, value, read, required }) => {
  const keys = option.split(".");
  const given = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), JSON.parse(value));
  // Functions are made anew each time.
  const asData = (parsed: unknown) => JSON.parse(JSON.stringify(parsed));
  expect(asData(read({ ...required, ...(given as object) }))).toEqual(asData(read(required)));
});
