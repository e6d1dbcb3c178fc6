import { z } from "zod";
import { type Clock, realClock } from "../clock.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import type { Ordering } from "../dispatch/order.js";
import {
  abortSignal,
  callback,
  type Duration,
  duration,
  instance,
  plainObject,
  positiveInteger,
  type Size,
  size,
  text,
} from "../options/fields.js";
import { Session } from "../session/session.js";
import { type Batching, fixed, isBatching } from "../stage/batching.js";
import { Cached } from "../stage/cached.js";
import type { Concurrency } from "../stage/concurrent-operator.js";
import type { Item, ItemId } from "../stage/item.js";
import type { NodeContext } from "../stage/node.js";
import { type ErrorPolicy, isPolicy } from "../stage/policy.js";
import { isSchema, type Schema } from "../stage/schema.js";
import type { TapStage } from "../stage/tap.js";
import { stageViewList } from "../views/options.js";
import type { View } from "../views/view.js";
import { COLUMN_DTYPES, type ColumnDtype } from "../wire/columns-kind.js";

/** Options of `pipe()`. */
export interface PipeOptions<In> {
  /** Gives each record its id, for rejections and outputs. Default: its position in the input, from 0. */
  id?: ((record: In, position: number) => ItemId) | undefined;
  /**
   * `"preserve"`: records are given out in the order of the input. `"as-completed"`: as each is done, so that none waits for a slower one before it. Holds
   * for stages that do not say it themselves. Default `"preserve"`.
   */
  ordering?: Ordering | undefined;
}

/** How a stage takes, holds and gives back records. */
export interface PacingOptions<Payload = unknown> {
  /** As the option of the same name of `pipe()`, for this stage. Default: as the pipe. */
  ordering?: Ordering | undefined;
  /**
   * How much the stage may hold at once: records that wait for their batch, are worked on, or are done and wait for their turn. `rows`: default 10,000, or
   * four batches for each that may be in flight, where that is more. `bytes`: about how much memory they take, default `"64MB"`. A stage that holds this much
   * takes no more, and sends batches that are not full; a chunk of the input, or one record, that takes more by itself is held all the same.
   */
  buffer?: { rows?: number | undefined; bytes?: Size | undefined } | undefined;
  /**
   * In any stretch of time of length `per`, at most `limit` records are sent to the function; with `key`, of each key. What is tried again counts again. Default:
   * no limit.
   */
  rateLimit?:
    | {
        limit: number;
        per: Duration;
        key?: ((payload: Payload, item: Item<Payload>) => string | number) | undefined;
      }
    | undefined;
}

/** Options of a node stage. */
export interface NodeStageOptions<
  Payload = unknown,
  Checked = Payload,
  Next = unknown,
  Out = Next,
  Context = NodeContext,
  Stale extends string = never,
> extends PacingOptions<Payload> {
  /** How many records the function is given before the first is done; for functions that wait for something. Default 1. */
  concurrency?: number | undefined;
  /** What the function gets is checked, and becomes what the schema makes of it. What does not fit fails with a SchemaError. Default: no check. */
  input?: Schema<Payload, Checked> | undefined;
  /** What the function gives back is checked, and becomes what the schema makes of it. Default: no check. */
  output?: Schema<Next, Out> | undefined;
  /**
   * Where its results are kept, made by `cached()`: what is there is not computed. It stands between the two schemas and the function: what is kept was checked. In place of
   * a payload nothing is kept: `many()`, `filter()` and `routeTo()` are as if there were no cache. Default: none.
   */
  cache?: Cached<Checked, Out, Context, Stale> | undefined;
}

/** Options of a tap. */
export interface TapOptions<Context = NodeContext> {
  /**
   * Which records the function is shown. It does not get the payload, which may be in Python still: of fused stages only what is shown comes home between
   * them. Default: every record.
   */
  when?: ((context: Context) => boolean) | undefined;
}

/** Options of a python stage. */
export interface PythonStageOptions<
  Next = unknown,
  // biome-ignore lint/suspicious/noExplicitAny: without types they are those of whatever stage.
  Payload = any,
  Context = NodeContext,
  Stale extends string = never,
  Checked = Payload,
> extends PacingOptions<Payload> {
  /** The Python module, imported in the session's process. */
  module: string;
  /** The batch function in it: takes a list of n payloads, gives back a list of n results, in order. May be dotted. */
  function: string;
  /**
   * How records become batches: `size`, so many in each; or `weighted()`, `keyed()`, `microBatch()`, `adaptive()`, or batching of your own. Default: 250 in each.
   */
  // A Batching has a size, too: it must not be taken for the plain form, which says nothing of payloads.
  batch?: { size?: number | undefined; create?: undefined } | Batching<Payload> | undefined;
  /**
   * How many batches are sent before the first is answered. `perProcess`: default 2, so that the next is there when one is done. `perStage`: for all processes of
   * the run; default as many as they take.
   */
  inFlight?: { perProcess?: number | undefined; perStage?: number | undefined } | undefined;
  /** Each payload is checked, and becomes what the schema makes of it. One that does not fit fails alone, with a SchemaError. Default: no check. */
  // biome-ignore lint/suspicious/noExplicitAny: one may ask for less than the payload is, or check what it is for the first time.
  input?: Schema<any, Checked> | undefined;
  /** Each result is checked, likewise. Default: no check. */
  output?: Schema<unknown, Next> | undefined;
  /**
   * The function takes one payload and gives back one result; the worker maps it over the batch. An exception, or `Rejected`, concerns that record alone.
   * Default false: the function takes the whole batch.
   */
  each?: boolean | undefined;
  /**
   * The function takes and gives back columns: a dict with a numpy array for each key of the payloads, which must be plain objects that all have the same keys.
   * `true`: the first batch says what each column is (numbers: float64; bigints: int64; booleans: bool; strings: an array of objects; arrays of numbers of
   * one length, NdArrays: one axis more). An object says it by key, for example `{ id: "int64", note: "str" }`; `"object"` is for any values. A record that does not fit
   * fails alone, with a ValueNotSupportedError. Not with `each`, `input` or `output`. Default false. See `columnsOf()` for the results.
   */
  columns?: boolean | Readonly<Record<string, ColumnDtype>> | undefined;
  /**
   * Whether the stage may be fused with the python stage before it: then a batch goes through both functions in one trip, and what is between them stays in
   * Python. What comes out is the same; `pipe.explain()` shows what is fused, and why not. Default true.
   */
  fuse?: boolean | undefined;
  /**
   * The views that the function may ask, and no others: each as it is, or by its name among those of the session and its engine when the run starts. Default:
   * none.
   */
  views?: readonly (View | string)[] | undefined;
  /**
   * Where its results are kept, made by `cached()`: what is there does not go to its function, nor, unless the stage is fused with another, to Python. It stands between
   * the two schemas and the function: what is kept was checked. Not with `columns` or `stateful`. Default: none.
   */
  cache?: Cached<Checked, Next, Context, Stale> | undefined;
  /** How long one batch may run. Default `"5m"`. */
  timeout?: Duration | undefined;
  /**
   * What the function gives back may depend on the batches before. So a batch is sent once and whole: no replicas, no search for the records that
   * fail alone (all of the batch are rejected), and a process that dies with a batch, or with what batches have changed in it, ends the run.
   * Default false.
   */
  stateful?: boolean | undefined;
}

/** Options of `pipe.via()`. */
export interface ViaOptions {
  /** Comes before the names of its stages, with a dot: `"left"` makes `left.clean` of `clean`. Needed where a pipe is taken in twice. Default: nothing. */
  as?: string | undefined;
}

/** Options of `pipe.run()`. */
export interface RunOptions<Metadata> {
  /** The session whose Python the run uses; needed by pipes with python stages. */
  session?: Session | undefined;
  /**
   * Batches are spread over so many copies of the session, as it is when the run starts; order is kept. All or none are made, and they end with the
   * run. Not for pipes with `stateful` stages. Default: the session itself.
   */
  replicas?: number | undefined;
  /** Facts about the run that node stages can read. Default: none. */
  metadata?: Metadata | undefined;
  /** Where rejected records are written to, as they come: `deadLetter(file)`, or a sink of your own. Default: the run keeps up to 10,000. */
  deadLetter?: DeadLetterSink | undefined;
  /** Where waits take place, before a retry, for a rate limit, or for a batch to fill; for tests. Default: real time. */
  clock?: Clock | undefined;
  /** Aborts the run. A batch that is running is stopped: by an exception in its code, or, when it does not heed that, with its worker. */
  signal?: AbortSignal | undefined;
}

/** Options of `pipe.replay()`, beside those of `run()`. */
export interface ReplayOptions {
  /**
   * Where the records enter: `"failed"`: in the stage that they failed in, with the payload that it was given then; `"start"`: in the first stage, as
   * they came in. Default `"failed"`.
   */
  from?: "failed" | "start" | undefined;
}

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
