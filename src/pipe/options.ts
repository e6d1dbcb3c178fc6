import type { Clock } from "../clock.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import type { Ordering } from "../dispatch/order.js";
import type { Duration, Size } from "../options/fields.js";
import type { Session } from "../session/session.js";
import type { Batching } from "../stage/batching.js";
import type { Cached } from "../stage/cached.js";
import type { Item, ItemId } from "../stage/item.js";
import type { NodeContext } from "../stage/node.js";
import type { Schema } from "../stage/schema.js";
import type { View } from "../views/view.js";
import type { ColumnDtype } from "../wire/columns-kind.js";

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
