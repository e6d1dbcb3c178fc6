import { z } from "zod";
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

/** Options of `pipe()`. */
export interface PipeOptions<In> {
  /** Gives each record its id, for rejections and outputs. Default: its position in the input, from 0. */
  id?: ((record: In, position: number) => ItemId) | undefined;
}

/** Options of a python stage. */
export interface PythonStageOptions {
  /** The Python module, imported in the session's process. */
  module: string;
  /** The batch function in it: takes a list of n payloads, gives back a list of n results, in order. May be dotted. */
  function: string;
  /** `size`: records in a batch. Default 250. */
  batch?: { size?: number | undefined } | undefined;
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
  /** Aborts the run. A batch that is running is stopped: by an exception in its code, or, when it does not heed that, with its worker. */
  signal?: AbortSignal | undefined;
}

export const pipeOptions = z.strictObject(
  { id: callback<(record: unknown, position: number) => ItemId>("a function").optional() },
  { error: "an object" },
);

export const pythonStageOptions = z.strictObject(
  {
    module: text("the name of a Python module"),
    function: text("the name of a function in it"),
    batch: z.strictObject({ size: positiveInteger.default(250) }, { error: "an object" }).prefault({}),
    timeout: duration.prefault("5m"),
    stateful: z.boolean({ error: "true or false" }).default(false),
  },
  { error: "an object" },
);

export const runOptions = z.strictObject(
  {
    session: instance(Session, "a session from engine.session()").optional(),
    metadata: plainObject<Readonly<Record<string, unknown>>>("an object").default({}),
    replicas: positiveInteger.optional(),
    signal: abortSignal.optional(),
  },
  { error: "an object" },
);

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
  policy: z.enum(["halt", "reject"], { error: '"halt" or "reject"' }),
});
