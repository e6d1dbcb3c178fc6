/**
 * The batching contract: how records are grouped into batches. One strategy object serves one stage of one run; dispatch calls it from one place
 * at a time, in input order. Every record that is added must come out in exactly one batch. What ships: `strategies/fixed`.
 */
export interface BatchStrategy<Record> {
  /** Takes one record; gives back a batch when one is complete with it. */
  add(record: Record): Record[] | undefined;

  /** The input has ended: gives back what is left, when anything is. */
  flush(): Record[] | undefined;

  /** The records that were added and have not come out, in order. */
  readonly held: readonly Record[];
}
