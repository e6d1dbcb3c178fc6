import type { FinalVerdict } from "../dispatch/judge.js";
import type { RecordRejectedError } from "../errors/rejected.js";
import type { StageContext } from "./contract.js";
import type { Item } from "./item.js";
import { Outgoing, Settlement } from "./settlement.js";

/**
 * Where a group of stages puts down what became of the items that it took through all of them at once. In the books it is as if they had gone from stage to stage:
 * one that failed in a stage had come through those before it, and never came to those behind.
 */
export class FusedSettlement {
  readonly #contexts: readonly StageContext[];
  readonly #members: readonly Settlement[];
  readonly #outgoing = new Outgoing();
  /** How many came to an end in each member; in the last one, also those that are done. */
  readonly #ended: number[];

  constructor(contexts: readonly StageContext[]) {
    this.#contexts = contexts;
    this.#members = contexts.map((context) => new Settlement(context, this.#outgoing));
    this.#ended = contexts.map(() => 0);
  }

  /** No stage of the group has anything to do with the item. */
  passes(item: Item): void {
    this.#outgoing.put(item);
  }

  /** The item has come through all of them. */
  done(item: Item): void {
    const last = this.#members.length - 1;
    this.#at(last).done(item);
    this.#ends(last);
  }

  /** As in {@link Settlement}, at the member of that place in the group. */
  leaves(item: Item, output: string, member: number): void {
    this.#at(member).leaves(item, output);
    this.#ends(member);
  }

  /** As in {@link Settlement}, at the member of that place in the group. */
  rejects(item: Item, error: RecordRejectedError, attempts: number, member: number): void {
    this.#at(member).rejects(item, error, attempts);
    this.#ends(member);
  }

  /** As in {@link Settlement}, at the member of that place in the group. */
  fails(item: Item, error: unknown, verdict: FinalVerdict, attempts: number, member: number): void {
    this.#at(member).fails(item, error, verdict, attempts);
    this.#ends(member);
  }

  /** What goes on, which is counted with this call; the next chunk begins. */
  close(): Item[] {
    let came = this.#ended.reduce((sum, count) => sum + count, 0);
    for (const [member, { books }] of this.#contexts.entries()) {
      // The first one counted what it took when it took it.
      if (member > 0 && came > 0) books.entered(came);
      came -= this.#ended[member] as number;
      if (came > 0) books.left(came, came);
      this.#ended[member] = 0;
      this.#at(member).count();
    }
    return this.#outgoing.take();
  }

  #at(member: number): Settlement {
    return this.#members[member] as Settlement;
  }

  /** Only now: what cannot be rejected, because too many are, has come to no end. */
  #ends(member: number): void {
    this.#ended[member] = (this.#ended[member] as number) + 1;
  }
}
