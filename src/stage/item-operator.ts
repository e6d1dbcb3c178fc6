import { type Chunk, failStage, type Operator, rejection, type StageContext } from "./contract.js";
import type { Item } from "./item.js";
import { untilStopped } from "./stopping.js";

/** What a stage that works on one item at a time does. */
export interface ItemWork<Result> {
  /** Works on the item; may be asynchronous. What it throws is the item's failure. */
  apply(item: Item): Result | PromiseLike<Result>;
  /** The item that goes on. */
  next(item: Item, result: Result): Item;
}

/** One item after the other, in order; node and route stages are this. */
export function itemOperator<Result>(work: ItemWork<Result>, context: StageContext): Operator {
  return async function* run(upstream: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of upstream) {
      const { done, failure } = await workThrough(chunk, work, context);
      context.books.left(done.length);
      if (done.length > 0) yield done;
      if (failure) throw failure.error;
    }
  };
}

/** What became of a chunk: the items that are done, and what ended it early. */
async function workThrough<Result>(
  chunk: Chunk,
  work: ItemWork<Result>,
  context: StageContext,
): Promise<{ done: Item[]; failure?: { error: unknown } }> {
  const done: Item[] = [];
  for (const [index, item] of chunk.entries()) {
    try {
      const result = work.apply(item);
      // Only what is a promise is awaited: an await for each record would cost more than most functions.
      done.push(work.next(item, isThenable(result) ? await untilStopped(result, context.stopped) : result));
    } catch (error) {
      try {
        setAside(item, error, context);
      } catch (fatal) {
        context.books.unfinished(chunk.length - index);
        return { done, failure: { error: failStage(fatal, context) } };
      }
    }
  }
  return { done };
}

/** Rejects the item, when the policy says so. @throws what ends the stage: the item's failure, or that too many were rejected. */
function setAside(item: Item, error: unknown, context: StageContext): void {
  if (context.policy !== "reject" || context.stopped.aborted) throw error;
  context.books.rejected(rejection(item, context.stage, error));
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
