import { z } from "zod";
import { type Clock, realClock } from "../clock.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import {
  abortSignal,
  callback,
  duration,
  instance,
  plainObject,
  positiveInteger,
  size,
  text,
} from "../options/fields.js";
import { Session } from "../session/session.js";
import { type Batching, fixed, isBatching } from "../stage/batching.js";
import { Cached } from "../stage/cached.js";
import type { Concurrency } from "../stage/concurrent-operator.js";
import type { Item, ItemId } from "../stage/item.js";
import { type ErrorPolicy, isPolicy } from "../stage/policy.js";
import { isSchema, type Schema } from "../stage/schema.js";
import type { TapStage } from "../stage/tap.js";
import { stageViewList } from "../views/options.js";
import { COLUMN_DTYPES } from "../wire/columns-kind.js";

const ordering = z.enum(["preserve", "as-completed"], { error: '"preserve" or "as-completed"' });

export const pipeOptions = z.strictObject(
  {
    id: callback<(record: unknown, position: number) => ItemId>("a function").optional(),
    ordering: ordering.default("preserve"),
  },
  { error: "an object" },
);

const buffer = z.strictObject(
  { rows: positiveInteger.optional(), bytes: size.prefault("64MB") },
  { error: "an object" },
);

const pacingFields = {
  ordering: ordering.optional(),
  rateLimit: z
    .strictObject(
      {
        limit: positiveInteger,
        per: duration,
        key: callback<(payload: unknown, item: Item) => unknown>("a function of payload and item").optional(),
      },
      { error: "an object" },
    )
    .transform(({ limit, per, key }) => ({ limit, intervalMs: per, key }))
    .optional(),
};

const schema = z.custom<Schema>(isSchema, {
  error: "a schema with the Standard Schema interface, for example of zod, valibot or arktype",
});

const cache = instance(Cached, "what cached(table, keyOf) gives").optional();

export const nodeStageOptions = z.strictObject(
  {
    cache,
    input: schema.optional(),
    output: schema.optional(),
    concurrency: positiveInteger.optional(),
    ...pacingFields,
    buffer: buffer.optional(),
  },
  { error: "an object" },
);

export const tapOptions = z.strictObject(
  { when: callback<NonNullable<TapStage["when"]>>("a function of the context").optional() },
  { error: "an object" },
);

const defaultBuffer = buffer.parse({});

/** What of a node stage's options says that it works on several records at once; undefined where none does. */
export function concurrencyOf(
  pacing: {
    [Field in keyof Concurrency]?: Concurrency[Field] | undefined;
  },
): Concurrency | undefined {
  if (Object.values(pacing).every((value) => value === undefined)) return undefined;
  return { ...pacing, concurrency: pacing.concurrency ?? 1, buffer: pacing.buffer ?? defaultBuffer };
}

/** What a stage does that is not told: 250 records are near the best for dicts. */
const DEFAULT_BATCH_SIZE = 250;

const batchSize = z.strictObject(
  { size: positiveInteger.default(DEFAULT_BATCH_SIZE) },
  {
    error: "an object with `size`, or weighted(), keyed(), microBatch(), adaptive() or batching of your own",
  },
);

/** Measured: with the second batch there when the first is answered a process has no pause; one session gains nothing from more. */
const DEFAULT_IN_FLIGHT = 2;

const columnDtype = z.enum(COLUMN_DTYPES, {
  error: `one of ${COLUMN_DTYPES.map((dtype) => `"${dtype}"`).join(", ")}`,
});

const columns = z.union([
  z.boolean(),
  z.record(z.string(), columnDtype, { error: "true, false, or an object of dtypes by key" }),
]);

export const pythonStageOptions = z.strictObject(
  {
    module: text("the name of a Python module"),
    function: text("the name of a function in it"),
    batch: z
      .union([z.custom<Batching>(isBatching), batchSize.transform(({ size }) => fixed(size))])
      .prefault({}),
    inFlight: z
      .strictObject(
        { perProcess: positiveInteger.default(DEFAULT_IN_FLIGHT), perStage: positiveInteger.optional() },
        { error: "an object" },
      )
      .prefault({}),
    ...pacingFields,
    buffer: buffer.prefault({}),
    timeout: duration.prefault("5m"),
    input: schema.optional(),
    output: schema.optional(),
    each: z.boolean({ error: "true or false" }).default(false),
    columns: columns.default(false),
    views: stageViewList.optional(),
    fuse: z.boolean({ error: "true or false" }).default(true),
    stateful: z.boolean({ error: "true or false" }).default(false),
    cache,
  },
  { error: "an object" },
);

export const viaOptions = z.strictObject(
  { as: text("a name that is not empty").optional() },
  { error: "an object" },
);

export const runOptions = z.strictObject(
  {
    session: instance(Session, "a session from engine.session()").optional(),
    metadata: plainObject<Readonly<Record<string, unknown>>>("an object").default({}),
    replicas: positiveInteger.optional(),
    deadLetter: z
      .custom<DeadLetterSink>((value) => hasMethods(value, ["write", "close"]), {
        error: "deadLetter(file), or a sink with `write` and `close`",
      })
      .optional(),
    clock: z
      .custom<Clock>((value) => hasMethods(value, ["now", "sleep"]), {
        error: "a clock with `now` and `sleep`",
      })
      .default(realClock),
    signal: abortSignal.optional(),
  },
  { error: "an object" },
);

/** What `replay()` has beside the options of `run()`. */
export const replayFields = z.strictObject({
  from: z.enum(["failed", "start"], { error: '"failed" or "start"' }).default("failed"),
});

export const replayOptions = runOptions.extend(replayFields.shape);

function hasMethods(value: unknown, names: readonly string[]): boolean {
  const object = value as Record<string, unknown> | null | undefined;
  return names.every((name) => typeof object?.[name] === "function");
}

const stageName = text("a name that is not empty").refine((name) => name !== "*", {
  error: 'a name other than "*"',
});

export const useArguments = z.strictObject({ stores: plainObject("an object of stores by name") });

export const pythonStageArguments = z.strictObject({ name: stageName });

export const nodeStageArguments = z.strictObject({
  name: stageName,
  run: callback<(payload: unknown) => unknown>("a function of payload and context"),
});

export const routeStageArguments = z.strictObject({
  name: stageName,
  routes: z.array(
    z.tuple(
      [
        text("the name of an output"),
        callback<(payload: unknown) => boolean>("a function from payload to true or false"),
      ],
      { error: "a pair of a name and a predicate" },
    ),
    { error: "an array of [name, predicate] pairs" },
  ),
});

export const branchArguments = z.strictObject({
  output: text("the name of an output"),
  build: callback<(branch: never) => unknown>("a function that adds stages to a pipe"),
});

export const mergeArguments = z.strictObject({
  name: stageName,
  outputs: z
    .array(text("the name of an output"), { error: "an array of names of outputs" })
    .min(1, { error: "an array of at least one name" })
    .optional(),
});

export const onErrorArguments = z.strictObject({
  stage: text("the name of a stage"),
  policy: z.custom<ErrorPolicy>(isPolicy, {
    error: '"halt", "reject", reject({ max }), retry({ … }), routeTo(name) or a function',
  }),
});
