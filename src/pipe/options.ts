import { z } from "zod";
import { type Clock, realClock } from "../clock.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import {
  abortSignal,
  callback,
  type Duration,
  duration,
  instance,
  plainObject,
  positiveInteger,
  text,
} from "../options/fields.js";
import { Session } from "../session/session.js";
import type { ItemId } from "../stage/item.js";
import { type ErrorPolicy, isPolicy } from "../stage/policy.js";
import { isSchema, type Schema } from "../stage/schema.js";

/** Options of `pipe()`. */
export interface PipeOptions<In> {
  /** Gives each record its id, for rejections and outputs. Default: its position in the input, from 0. */
  id?: ((record: In, position: number) => ItemId) | undefined;
}

/** Options of a node stage. */
export interface NodeStageOptions<Payload = unknown, Checked = Payload, Next = unknown, Out = Next> {
  /** What the function gets is checked, and becomes what the schema makes of it. What does not fit fails with a SchemaError. Default: no check. */
  input?: Schema<Payload, Checked> | undefined;
  /** What the function gives back is checked, and becomes what the schema makes of it. Default: no check. */
  output?: Schema<Next, Out> | undefined;
}

/** Options of a python stage. */
export interface PythonStageOptions<Next = unknown> {
  /** The Python module, imported in the session's process. */
  module: string;
  /** The batch function in it: takes a list of n payloads, gives back a list of n results, in order. May be dotted. */
  function: string;
  /** `size`: records in a batch. Default 250. */
  batch?: { size?: number | undefined } | undefined;
  /** Each payload is checked, and becomes what the schema makes of it. One that does not fit fails alone, with a SchemaError. Default: no check. */
  input?: Schema | undefined;
  /** Each result is checked, likewise. Default: no check. */
  output?: Schema<unknown, Next> | undefined;
  /** How long one batch may run. Default `"5m"`. */
  timeout?: Duration | undefined;
  /**
   * What the function gives back may depend on the batches before. So a batch is sent once and whole: no replicas, no search for the records that
   * fail alone (all of the batch are rejected), and a process that dies with a batch, or with what batches have changed in it, ends the run.
   * Default false.
   */
  stateful?: boolean | undefined;
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
  /** Where waits before a retry take place; for tests. Default: real time. */
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

export const pipeOptions = z.strictObject(
  { id: callback<(record: unknown, position: number) => ItemId>("a function").optional() },
  { error: "an object" },
);

const schema = z.custom<Schema>(isSchema, {
  error: "a schema with the Standard Schema interface, for example of zod, valibot or arktype",
});

export const nodeStageOptions = z.strictObject(
  { input: schema.optional(), output: schema.optional() },
  { error: "an object" },
);

export const pythonStageOptions = z.strictObject(
  {
    module: text("the name of a Python module"),
    function: text("the name of a function in it"),
    batch: z.strictObject({ size: positiveInteger.default(250) }, { error: "an object" }).prefault({}),
    timeout: duration.prefault("5m"),
    input: schema.optional(),
    output: schema.optional(),
    stateful: z.boolean({ error: "true or false" }).default(false),
  },
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

export const onErrorArguments = z.strictObject({
  stage: text("the name of a stage"),
  policy: z.custom<ErrorPolicy>(isPolicy, {
    error: '"halt", "reject", reject({ max }), retry({ … }), routeTo(name) or a function',
  }),
});
