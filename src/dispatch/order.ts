import type { Entry } from "./entry.js";
import type { Outcome } from "./judge.js";

/** `preserve`: outcomes in the order of the input; `as-completed`: each as soon as it is there, whatever others wait for. */
export type Ordering = "preserve" | "as-completed";

/** The records that a stage holds, and the order in which their outcomes are given out. */
export abstract class Order<Record, Result> {
  /** How many it holds: those that wait, are worked on, or are done and wait for their turn. */
  rows = 0;
  /** About how much memory these take. */
  bytes = 0;
  /** Whether a record that it holds ends the stream. */
  isEnding = false;

  /** Takes a record, in the order of the input. */
  add(entry: Entry<Record, Result>): void {
    this.rows += 1;
    this.bytes += entry.bytes;
    this.hold(entry);
  }

  settle(entry: Entry<Record, Result>, outcome: Outcome<Record, Result>): void {
    entry.outcome = outcome;
    this.isDone(entry);
  }

  /** The stream ends at these: what comes before them is given out first. */
  fail(entries: readonly Entry<Record, Result>[], error: unknown): void {
    this.isEnding = true;
    const failure = { error };
    for (const entry of entries) entry.failure = failure;
    this.isDone(entries[0] as Entry<Record, Result>);
  }

  /** The outcomes whose turn it is; it holds them no longer. */
  abstract take(): Outcome<Record, Result>[];

  /** What ends the stream, when it is that record's turn. */
  abstract get failure(): { readonly error: unknown } | undefined;

  /** The records that it holds, in the order of the input. */
  abstract get held(): Record[];

  protected abstract hold(entry: Entry<Record, Result>): void;

  protected abstract isDone(entry: Entry<Record, Result>): void;

  protected letGo(entry: Entry<Record, Result>): Outcome<Record, Result> {
    this.rows -= 1;
    this.bytes -= entry.bytes;
    return entry.outcome as Outcome<Record, Result>;
  }
}

export function orderOf<Record, Result>(ordering: Ordering): Order<Record, Result> {
  return ordering === "preserve" ? new InOrder() : new AsCompleted();
}

/** What is given out leaves a gap at the front of the queue, which is closed when it is worth moving the rest. */
const LONGEST_GAP = 1_024;

class InOrder<Record, Result> extends Order<Record, Result> {
  #queue: (Entry<Record, Result> | undefined)[] = [];
  #head = 0;

  protected hold(entry: Entry<Record, Result>): void {
    this.#queue.push(entry);
  }

  protected isDone(): void {}

  get failure(): { readonly error: unknown } | undefined {
    return this.#queue[this.#head]?.failure;
  }

  get held(): Record[] {
    return (this.#queue.slice(this.#head) as Entry<Record, Result>[]).map(({ record }) => record);
  }

  take(): Outcome<Record, Result>[] {
    const outcomes: Outcome<Record, Result>[] = [];
    for (let entry = this.#queue[this.#head]; entry?.outcome !== undefined; entry = this.#queue[this.#head]) {
      outcomes.push(this.letGo(entry));
      // What has gone must not be kept alive from here.
      this.#queue[this.#head] = undefined;
      this.#head += 1;
    }
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > LONGEST_GAP && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return outcomes;
  }
}

class AsCompleted<Record, Result> extends Order<Record, Result> {
  readonly #held = new Set<Entry<Record, Result>>();
  #done: Entry<Record, Result>[] = [];
  #failure: { readonly error: unknown } | undefined;

  protected hold(entry: Entry<Record, Result>): void {
    this.#held.add(entry);
  }

  protected isDone(entry: Entry<Record, Result>): void {
    if (entry.failure === undefined) this.#done.push(entry);
    else this.#failure ??= entry.failure;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  get held(): Record[] {
    return [...this.#held].map(({ record }) => record);
  }

  take(): Outcome<Record, Result>[] {
    const done = this.#done;
    this.#done = [];
    return done.map((entry) => {
      this.#held.delete(entry);
      return this.letGo(entry);
    });
  }
}
