import type { Clock } from "../clock.js";
import type { Ordering } from "../dispatch/order.js";
import { PythonError } from "../errors/python.js";
import { show } from "../options/parse.js";
import type { Executor } from "../session/replicas.js";
import { untilStopped } from "../stopping.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { RunEvents } from "../telemetry/events.js";
import type { View } from "../views/view.js";
import type { BatchTimes } from "../wire/batch-reply.js";
import type { CacheUse } from "./cache-use.js";
import type { Failure, Item, Rejection } from "./item.js";
import type { ErrorPolicy } from "./policy.js";

/** Items travel in chunks, because an asynchronous step costs more than the work on one item. Order is kept across and inside chunks. */
export type Chunk = readonly Item[];

/**
 * A stage in a run: takes chunks, gives chunks. It pulls only when it is pulled, except for work in flight, which is bounded.
 *
 * It must account for each item it takes, in its books: passed on, rejected, or, when it ends early, unfinished. When its input throws, it first
 * passes on what it can still finish, then throws the same.
 */
export type Operator = (upstream: AsyncIterable<Chunk>) => AsyncIterable<Chunk>;

/**
 * The books that one stage keeps. Each item that it worked on enters once, and comes to one end; those that have passed it by are none of its
 * business.
 */
export interface StageBooks {
  readonly counts: {
    readonly in: number;
    readonly out: number;
    readonly rejected: number;
    readonly filtered: number;
    readonly unfinished: number;
  };
  /** Took so many items to work on. */
  entered(count: number): void;
  /** Made several items of one. */
  expanded(item: Item, children: readonly Item[]): void;
  /** Passed a chunk on, with `count` items of its own; `onward` of them go on along its line. */
  left(count: number, onward: number): void;
  /** Sent one of its own items to an output, `default` being that of its line; `early`: past stages of its line. */
  sent(output: string, early: boolean): void;
  /** Set an item aside. @throws when the run can keep no more of them, or `max` are; the item is not counted then. */
  rejected(rejection: Rejection, max: number): void;
  /** Left an item out. */
  filtered(item: Item, reason: string): void;
  /** Holds items that it will not finish, or that will not get further. */
  unfinished(items: readonly Item[]): void;
  /** To be awaited, when there is anything, before more is worked on: those that take rejections have their hands full. */
  room(): Promise<void> | undefined;
  /** One answered batch of a python stage. */
  batch(durationMs: number, computeMs: number): void;
  /** One trip to Python and back, of a stage or of a group that begins with it. */
  crossed(trip: Trip): void;
  /** The function of the stage was at work for so long; what that waited for is in it. */
  worked(durationMs: number): void;
  /** The stage, or a part of it, has waited since then, in milliseconds of `performance.now()`. */
  waited(wait: Wait, began: number): void;
  /** An item of a stage with a cache has come to its end there; undefined: it failed before the table was asked. */
  cached(use: CacheUse | undefined): void;
  /** What the batching of the stage has come to. */
  batched(facts: Readonly<Record<string, unknown>>): void;
}

/**
 * What a stage may wait for besides its input and its work: the table of a cache, the next try of what has failed, whoever takes rejected records, and, before the
 * input is asked for more, a live source's acknowledgements.
 */
export type Wait = "cache" | "retry" | "rejections" | "acknowledgements";

/** A batch that was answered. */
export interface Trip {
  readonly rows: number;
  readonly bytes: { readonly sent: number; readonly received: number };
  readonly times: BatchTimes;
  /** When Node had done what was to be done with the answer, in milliseconds of `performance.now()`. */
  readonly settled: number;
}

/** Where the items of a stage go from it. A place is the index of a stage; Infinity is past them all, at the outputs. */
export interface Directions {
  /** The output whose items the stage works on. */
  readonly line: string;
  /** The place right behind; what goes there needs no PassingItem. */
  readonly next: number;
  /** The place of what goes on along the line. */
  readonly onward: number;
  /** The place of what is sent to an output; `default` is the end of the line. */
  readonly to: (output: string) => number;
}

/** What a stage has of the run that it works in. */
export interface StageContext {
  readonly run: string;
  readonly pipe: string;
  readonly stage: string;
  /** The stage's place in the pipe, from 0. */
  readonly index: number;
  /** Where several stages make one trip: the first of them, which is given what the others are blamed with. */
  readonly entry: string;
  readonly directions: Directions;
  /** What carries out Python; undefined in a run without a session. */
  readonly session: Executor | undefined;
  /** The same in throw-away copies of the session, which may die of it. */
  readonly probes: Executor | undefined;
  readonly policy: ErrorPolicy;
  /** What holds for stages that say nothing of it. */
  readonly ordering: Ordering;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stores: Readonly<Record<string, unknown>>;
  /** What its Python may ask, by name. */
  readonly views: ReadonlyMap<string, View>;
  readonly books: StageBooks;
  readonly clock: Clock;
  readonly events: Emitter<RunEvents>;
  /**
   * Aborted when nothing that this stage passes on is wanted any more: the run was aborted or left, or a later stage failed. Whoever waits for
   * something must stop waiting then. A failure of an earlier stage does not abort it: what came before that failure is still finished.
   */
  readonly stopped: AbortSignal;
  /** Called by a stage that fails: it, and every stage before it, stops. */
  readonly stop: (reason: unknown) => void;
  /** The caller's own signal: aborted, a batch that is running is stopped. */
  readonly abort: AbortSignal | undefined;
  /** Shared by the stages of a run: how its session ended, if it did. */
  readonly sessionEnd: SessionEnd;
}

/** The last failure of a batch that has cost, or may have cost, its session the process. A session that is lost takes the batches of other stages along. */
export interface SessionEnd {
  failure: StageFailure | undefined;
  /** The same, when the run has ended with it, in whatever stage that was found. */
  blamed: StageFailure | undefined;
}

/** Ends a run under `halt`: thrown by a stage after everything before the failed record was passed on. */
export class StageFailure extends Error {
  readonly stage: string;

  constructor(stage: string, cause: unknown) {
    super(`stage ${stage} failed`, { cause });
    this.stage = stage;
  }
}

/** Stops a stage that cannot go on, and what comes before it. Gives back what it throws; a stage that was stopped before does not fail itself. */
export function failStage(cause: unknown, context: StageContext): unknown {
  if (context.stopped.aborted || cause instanceof StageFailure) return cause;
  context.stop(cause);
  return new StageFailure(context.stage, cause);
}

/** Waits until more may be rejected. What rejections are handed to may fail: that is no stage's failure, but ends this one and what is before it. */
export async function waitForRoom(
  room: Promise<void>,
  { stopped, stop, books }: Pick<StageContext, "stopped" | "stop" | "books">,
): Promise<void> {
  try {
    await waiting("rejections", books, untilStopped(room, stopped));
  } catch (error) {
    stop(error);
    throw error;
  }
}

/** Waits, and puts down for how long. */
export async function waiting<Waited>(
  wait: Wait,
  books: Pick<StageBooks, "waited">,
  work: Promise<Waited>,
): Promise<Waited> {
  const began = performance.now();
  try {
    return await work;
  } finally {
    books.waited(wait, began);
  }
}

/** How an item failed, with the payload that the stage was given, or the first one of its group. */
export function failure(
  { stage, entry }: Pick<StageContext, "stage" | "entry">,
  error: unknown,
  attempts: number,
  payload: unknown,
): Failure {
  const traceback = (error as { traceback?: unknown } | null)?.traceback;
  return {
    stage,
    reason: reasonOf(error),
    error,
    traceback: typeof traceback === "string" ? traceback : undefined,
    attempts,
    ...(entry === stage ? {} : { entry }),
    payload,
  };
}

/** The rejection of an item that failed like this. */
export function rejection({ id, origin, input, meta }: Item, how: Failure): Rejection {
  return { id, ...(origin === undefined ? {} : { origin }), ...how, input, meta };
}

/** What was thrown, in words: anything can be thrown, also what cannot become text. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof PythonError && thrown.isA("slither_worker.Rejected")) return thrown.pythonMessage;
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === "object" && thrown !== null ? show(thrown) : String(thrown);
}
