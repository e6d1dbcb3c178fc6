import type { Outcome } from "./judge.js";
import type { Permits } from "./rate-limit.js";
import type { Waiting } from "./strategy.js";

/** A record that a stage holds: from the moment it is taken to the one its outcome is given out. */
export class Entry<Record, Result> implements Waiting<Record> {
  readonly record: Record;
  readonly bytes: number;
  readonly since: number;
  /** Whether it is the strategy's to put into a batch. */
  isWaiting = false;
  /** By what it may be sent, in a stage that has a rate limit. */
  permits: Permits | undefined = undefined;
  /** What became of it, once that is known. */
  outcome: Outcome<Record, Result> | undefined = undefined;
  /** What ends the stream at this record. */
  failure: { readonly error: unknown } | undefined = undefined;

  constructor(record: Record, bytes: number, since: number) {
    this.record = record;
    this.bytes = bytes;
    this.since = since;
  }
}
