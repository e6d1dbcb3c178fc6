import type { FinalVerdict } from "../dispatch/judge.js";
import type { RecordRejectedError } from "../errors/rejected.js";
import { failStage, failure, rejection, type StageContext } from "./contract.js";
import { DEFAULT_ROUTE, type Failure, type Item } from "./item.js";
import { PassingItem } from "./passing-item.js";
import { RejectUpTo, Retry } from "./policy.js";
import { withRoute } from "./routed-item.js";

/** The chunk that goes on, into which the stages of a group put what they let go. */
export class Outgoing {
  #items: Item[] = [];

  put(item: Item): void {
    this.#items.push(item);
  }

  take(): Item[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
}

/** Where a stage puts down what became of the items of a chunk: in its books, and in the chunk that goes on. */
export class Settlement {
  readonly #context: StageContext;
  readonly #outgoing: Outgoing;
  #own = 0;
  #onward = 0;

  constructor(context: StageContext, outgoing = new Outgoing()) {
    this.#context = context;
    this.#outgoing = outgoing;
  }

  /** The stage has nothing to do with the item. */
  passes(item: Item): void {
    this.#outgoing.put(item);
  }

  /** The item goes on along the line of the stage. */
  done(item: Item): void {
    this.#put(item, this.#context.directions.onward);
    this.#onward += 1;
  }

  /** The item goes to an output, at the end of its line. */
  routed(item: Item, output: string): void {
    this.#send(item, output);
    this.#context.books.sent(output, false);
  }

  /** The item goes straight to an output, past the stages of its line that follow; `default` is the output of that line. */
  leaves(item: Item, output: string, failed?: Failure): void {
    this.#send(item, output, failed);
    this.#context.books.sent(output, true);
  }

  /** The pipe's own code has set the item aside. @throws what ends the stage: too many were rejected. */
  rejects(item: Item, error: RecordRejectedError, attempts: number): void {
    this.#reject(item, error, attempts);
  }

  /** The item has failed for good. @throws what ends the stage: too many were rejected. */
  fails(item: Item, error: unknown, verdict: FinalVerdict, attempts: number): void {
    if (verdict.kind === "reject") this.#reject(item, error, attempts);
    else this.leaves(item, verdict.route, failure(this.#context, error, attempts, item.payload));
  }

  /** What goes on, which is counted with this call; the next chunk begins. */
  close(): Item[] {
    this.count();
    return this.#outgoing.take();
  }

  /** Puts into the books what was let go since the last time. */
  count(): void {
    if (this.#own > 0) this.#context.books.left(this.#own, this.#onward);
    this.#own = 0;
    this.#onward = 0;
  }

  #send(item: Item, output: string, failed: Failure | undefined = item.failure): void {
    const { line, to } = this.#context.directions;
    this.#put(withRoute(item, output === DEFAULT_ROUTE ? line : output, failed), to(output));
  }

  #put(item: Item, place: number): void {
    this.#outgoing.put(place === this.#context.directions.next ? item : PassingItem.to(item, place));
    this.#own += 1;
  }

  #reject(item: Item, error: unknown, attempts: number): void {
    const { books, policy } = this.#context;
    try {
      books.rejected(
        rejection(item, failure(this.#context, error, attempts, item.payload)),
        mostRejected(policy),
      );
    } catch (tooMany) {
      throw failStage(tooMany, this.#context);
    }
  }
}

/** How many records a stage may reject. */
function mostRejected(policy: StageContext["policy"]): number {
  const final = policy instanceof Retry ? policy.final : policy;
  return final instanceof RejectUpTo ? final.max : Number.POSITIVE_INFINITY;
}
