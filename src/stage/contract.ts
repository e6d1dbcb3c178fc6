import { show } from "../options/parse.js";
import type { Executor } from "../session/replicas.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { RunEvents } from "../telemetry/events.js";
import type { Item, Rejection } from "./item.js";

/** What happens to records that fail: the run ends (`halt`), or they are set aside with the reason and the run goes on (`reject`). */
export type ErrorPolicy = "halt" | "reject";

/** Items travel in chunks, because an asynchronous step costs more than the work on one item. Order is kept across and inside chunks. */
export type Chunk = readonly Item[];

/**
 * A stage in a run: takes chunks, gives chunks. It pulls only when it is pulled, except for work in flight, which is bounded.
 *
 * It must account for each item it takes, in its books: passed on, rejected, or, when it ends early, unfinished. When its input throws, it first
 * passes on what it can still finish, then throws the same.
 */
export type Operator = (upstream: AsyncIterable<Chunk>) => AsyncIterable<Chunk>;

/** The books that one stage keeps. */
export interface StageBooks {
  readonly counts: {
    readonly in: number;
    readonly out: number;
    readonly rejected: number;
    readonly unfinished: number;
  };
  /** Took items in. */
  entered(count: number): void;
  /** Passed items on. */
  left(count: number): void;
  /** Set an item aside. @throws when the run can keep no more of them; the item is not counted then. */
  rejected(rejection: Rejection): void;
  /** Holds items that it will not finish. */
  unfinished(count: number): void;
  /** One answered batch of a python stage. */
  batch(durationMs: number, computeMs: number): void;
}

/** What a stage has of the run that it works in. */
export interface StageContext {
  readonly run: string;
  readonly pipe: string;
  readonly stage: string;
  /** What carries out Python; undefined in a run without a session. */
  readonly session: Executor | undefined;
  readonly policy: ErrorPolicy;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stores: Readonly<Record<string, unknown>>;
  readonly books: StageBooks;
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

/** A session that is lost takes every batch that was sent to it along, of whatever stage. The oldest of them, which was running, is at fault. */
export interface SessionEnd {
  failure: StageFailure | undefined;
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
  if (context.stopped.aborted) return cause;
  context.stop(cause);
  return new StageFailure(context.stage, cause);
}

/** The rejection of an item that failed with `error`. */
export function rejection(item: Item, stage: string, error: unknown): Rejection {
  const traceback = (error as { traceback?: unknown } | null)?.traceback;
  return {
    id: item.id,
    stage,
    reason: reasonOf(error),
    error,
    traceback: typeof traceback === "string" ? traceback : undefined,
    payload: item.payload,
    input: item.input,
    meta: item.meta,
  };
}

/** What was thrown, in words: anything can be thrown, also what cannot become text. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === "object" && thrown !== null ? show(thrown) : String(thrown);
}
