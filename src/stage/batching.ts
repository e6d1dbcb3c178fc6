import { z } from "zod";
import { AdaptiveBatches } from "../dispatch/strategies/adaptive.js";
import { FixedBatches } from "../dispatch/strategies/fixed.js";
import { type BatchKey, KeyedBatches } from "../dispatch/strategies/keyed.js";
import { MicroBatches } from "../dispatch/strategies/micro-batch.js";
import { WeightedBatches } from "../dispatch/strategies/weighted.js";
import type { BatchStrategy, Waiting } from "../dispatch/strategy.js";
import { callback, type Duration, duration, positiveInteger } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";
import type { Item } from "./item.js";

/**
 * How the records of a python stage become batches: one of what ships (`fixed`, `weighted`, `keyed`, `microBatch`, `adaptive`), or one's own. A plain
 * description, which any number of stages and runs may use.
 */
// biome-ignore lint/suspicious/noExplicitAny: without a type of payload it is one for whatever stage.
export interface Batching<Payload = any> {
  /** For pictures of the pipe and statistics. */
  readonly name: string;
  /** The most records that a batch can have; undefined where that depends on the records. */
  readonly size?: number | undefined;
  /** What it was made with, for pictures of the pipe: plain data, durations in milliseconds. */
  readonly settings?: Readonly<{ [setting: string]: unknown }> | undefined;
  /** Whether it needs records in the order of the input: then the stage can have no `rateLimit.key`, with which they overtake each other. Default: false. */
  readonly keepsOrder?: boolean | undefined;
  /** Makes the strategy of one stage of one run. */
  readonly create: () => ItemStrategy<Payload>;
}

/**
 * A {@link BatchStrategy} for items that have such payloads. It gives back the very objects that it takes, so that only what it takes need be of this type:
 * one that can do with less takes these, too.
 */
export interface ItemStrategy<Payload> extends Omit<BatchStrategy<Item>, "add"> {
  readonly add: (waiting: Waiting<Item<Payload>>) => void;
}

/** Options of `weighted()`. */
export interface WeightedOptions<Payload> {
  /** The most that a batch may weigh, in the unit of `weight`. */
  maxWeight: number;
  /** What one record weighs: a finite number from 0. The record fails when it is anything else, or is thrown. */
  weight: (payload: Payload, item: Item<Payload>) => number;
}

/** Options of `keyed()`. */
export interface KeyedOptions<Payload> {
  /** What a record is kept together with others by. The record fails when it is no key, or is thrown. */
  key: (payload: Payload, item: Item<Payload>) => BatchKey;
  /** The most records of a batch. Default 250. */
  size?: number | undefined;
}

/** Options of `microBatch()`. */
export interface MicroBatchOptions {
  /** How long a record may wait for others, while a batch could be sent. */
  maxWait: Duration;
  /** The most records of a batch. Default 250. */
  maxSize?: number | undefined;
}

/** Options of `adaptive()`. */
export interface AdaptiveOptions {
  /** How long a batch may take, from sending to the answer, waiting for the one that is in flight before it included. */
  latency: Duration;
  /** The fewest records of a full batch. Default 1. */
  minSize?: number | undefined;
  /** The most records of a batch. Default 10,000. */
  maxSize?: number | undefined;
}

const fixedArguments = z.strictObject({ size: positiveInteger });

const aboveZero = z.number({ error: "a number above 0" }).positive({ error: "a number above 0" });

const weightedOptions = z.strictObject(
  {
    maxWeight: aboveZero,
    weight: callback<WeightedOptions<unknown>["weight"]>("a function from a payload to its weight"),
  },
  { error: "an object" },
);

const keyedOptions = z.strictObject(
  {
    key: callback<KeyedOptions<unknown>["key"]>("a function from a payload to its key"),
    size: positiveInteger.default(250),
  },
  { error: "an object" },
);

const microBatchOptions = z.strictObject(
  { maxWait: duration, maxSize: positiveInteger.default(250) },
  { error: "an object" },
);

const adaptiveOptions = z
  .strictObject(
    { latency: duration, minSize: positiveInteger.default(1), maxSize: positiveInteger.default(10_000) },
    { error: "an object" },
  )
  .refine(({ minSize, maxSize }) => minSize <= maxSize, {
    path: ["minSize"],
    error: "at most `maxSize` (default 10,000)",
  });

/** Batches of so many records; the last one of a run is what is left. @throws OptionsError. */
export function fixed(size: number): Batching<unknown> {
  parseOptions("fixed()", fixedArguments, { size });
  return described({ name: "fixed", size, settings: { size }, create: () => new FixedBatches(size) });
}

/**
 * Batches that together weigh at most so much, of records that follow each other: for records whose cost differs. A record that is heavier goes alone.
 * Any number of records that weigh nothing may be in a batch.
 *
 * @throws OptionsError.
 *
 * @example
 * pipe.python("embed", { …, batch: weighted({ maxWeight: 100_000, weight: ({ text }) => text.length }) })
 */
export function weighted<Payload>(options: WeightedOptions<Payload>): Batching<Payload> {
  const { maxWeight, weight } = parseOptions("weighted()", weightedOptions, options);
  const weightOf = (item: Item): number => weight(item.payload, item);
  return described({
    name: "weighted",
    settings: { maxWeight },
    create: () => new WeightedBatches({ maxWeight, weightOf }),
  });
}

/**
 * Batches of records that have one key, in the order of the input, and of each key one batch at a time: for functions that load something for a key, or
 * that must see the records of a key one after the other. Keys are compared by value: `1` and `"1"` are two. A batch that is not full is sent only
 * when nothing else is to be done: at the end of the input, or when the stage holds as many records as it may.
 *
 * @throws OptionsError.
 *
 * @example
 * pipe.python("score", { …, batch: keyed({ key: ({ tenant }) => tenant, size: 100 }) })
 */
export function keyed<Payload>(options: KeyedOptions<Payload>): Batching<Payload> {
  const { key, size } = parseOptions("keyed()", keyedOptions, options);
  const keyOf = (item: Item): BatchKey => key(item.payload, item);
  return described({
    name: "keyed",
    size,
    settings: { size },
    keepsOrder: true,
    create: () => new KeyedBatches({ keyOf, size }),
  });
}

/**
 * For live input: a batch is sent when it is full, or when its oldest record has waited so long.
 *
 * @throws OptionsError.
 *
 * @example
 * pipe.python("score", { …, batch: microBatch({ maxSize: 64, maxWait: "20ms" }) })
 */
export function microBatch(options: MicroBatchOptions): Batching<unknown> {
  const { maxSize, maxWait: maxWaitMs } = parseOptions("microBatch()", microBatchOptions, options);
  return described({
    name: "microBatch",
    size: maxSize,
    settings: { maxSize, maxWaitMs },
    create: () => new MicroBatches({ maxSize, maxWaitMs }),
  });
}

/**
 * Batches of the size that has the best throughput while four batches of five take no longer than `latency`. It is found while the run goes on, from a
 * small one upwards (hill climbing), and follows when the cost of records changes. Where not even `minSize` records can be done in time, that is the size.
 *
 * @throws OptionsError.
 *
 * @example
 * pipe.python("embed", { …, batch: adaptive({ latency: "500ms" }) })
 */
export function adaptive(options: AdaptiveOptions): Batching<unknown> {
  const { latency: latencyMs, minSize, maxSize } = parseOptions("adaptive()", adaptiveOptions, options);
  const bounds = { latencyMs, minSize, maxSize };
  return described({
    name: "adaptive",
    size: maxSize,
    settings: bounds,
    create: () => new AdaptiveBatches(bounds),
  });
}

/** Whether a value says how records become batches. */
export function isBatching(value: unknown): value is Batching {
  const batching = value as Partial<Batching> | null | undefined;
  return typeof batching?.name === "string" && batching.name !== "" && typeof batching.create === "function";
}

function described(batching: Batching<unknown>): Batching<unknown> {
  return Object.freeze({ ...batching, settings: Object.freeze({ ...batching.settings }) });
}
