import type { FinalVerdict } from "../dispatch/judge.js";
import type { RecordRejectedError } from "../errors/rejected.js";
import { failStage, failure, rejection, type StageContext } from "./contract.js";
import type { Item } from "./item.js";
import { PassingItem } from "./passing-item.js";
import { RejectUpTo, Retry } from "./policy.js";

/** Where a stage puts down what became of the items of a chunk: in its books, and in the chunk that goes on. */
export class Settlement {
  readonly #context: StageContext;
  #chunk: Item[] = [];
  #own = 0;
  #leftEarly = 0;

  constructor(context: StageContext) {
    this.#context = context;
  }

  /** The stage has nothing to do with the item. */
  passes(item: Item): void {
    this.#chunk.push(item);
  }

  done(item: Item): void {
    this.#chunk.push(item);
    this.#own += 1;
  }

  /** The item goes straight to its output. */
  leaves(item: PassingItem): void {
    this.done(item);
    this.#leftEarly += 1;
  }

  /** The pipe's own code has set the item aside. @throws what ends the stage: too many were rejected. */
  rejects(item: Item, error: RecordRejectedError, attempts: number): void {
    this.#reject(item, error, attempts);
  }

  /** The item has failed for good. @throws what ends the stage: too many were rejected. */
  fails(item: Item, error: unknown, verdict: FinalVerdict, attempts: number): void {
    if (verdict.kind === "reject") this.#reject(item, error, attempts);
    else this.leaves(PassingItem.leaving(item, verdict.route, failure(this.#context.stage, error, attempts)));
  }

  /** What goes on, which is counted with this call; the next chunk begins. */
  close(): Item[] {
    const chunk = this.#chunk;
    if (this.#own > 0) this.#context.books.left(this.#own, this.#leftEarly);
    this.#chunk = [];
    this.#own = 0;
    this.#leftEarly = 0;
    return chunk;
  }

  #reject(item: Item, error: unknown, attempts: number): void {
    const { books, policy, stage } = this.#context;
    try {
      books.rejected(rejection(item, failure(stage, error, attempts)), mostRejected(policy));
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
