/**
 * The batching contract: how the records of one stage are grouped into batches. One strategy object serves one stage of one run; it is called from one
 * place, one call at a time, and never while another of its methods runs.
 *
 *     record ──add──▶ [ strategy ] ──next──▶ batch in flight ──completed──▶
 *
 * Every record that is added must come out of `next` in exactly one batch, as the very object that was added: one that is lost, doubled or made up ends
 * the run with a BatchingError. Results are put back into the order of the input (unless the stage says `ordering: "as-completed"`), so a strategy is
 * free to group as it likes.
 *
 * What ships: `strategies/` fixed, weighted, keyed, micro-batch, adaptive.
 */
export interface BatchStrategy<Record> {
  /** Takes one record, in the order of the input. What it throws is the failure of this record alone, which then must not come out of `next`. */
  add(waiting: Waiting<Record>): void;

  /**
   * The next batch that may be sent; undefined while there is none. Called when there is room for a batch: after records were added, after a batch was
   * completed, and at `dueAt`. What it gives is sent at once.
   *
   * @param when.now milliseconds on the run's clock.
   * @param when.flush nothing more comes until some batch has been completed, because the input has ended, or because the stage holds as much as it may:
   * a batch must be given, however small, unless all that waits is kept back by batches that are not completed.
   */
  next(when: { readonly now: number; readonly flush: boolean }): Waiting<Record>[] | undefined;

  /**
   * A batch of `next` is done with: each of its records has its result, or has failed for good.
   *
   * @param how.durationMs from sending to the answer, waiting for retries and searches included.
   * @param how.ok whether it was answered at the first try.
   */
  completed?(
    batch: readonly Waiting<Record>[],
    how: { readonly durationMs: number; readonly ok: boolean },
  ): void;

  /** When `next` will have a batch although nothing comes, in milliseconds on the run's clock; undefined for never. Read after each call of a method. */
  readonly dueAt?: number | undefined;

  /**
   * Whether records are to be taken also while no batch could be sent, up to one batch: for live input, where records grow old while they wait elsewhere.
   * Default: false.
   */
  readonly gathersAhead?: boolean;

  /** What it has chosen, for the statistics of the run: plain data. */
  describe?(): Readonly<{ [setting: string]: unknown }>;
}

/** A record that waits to become part of a batch. */
export interface Waiting<Record> {
  readonly record: Record;
  /** About how many bytes of memory the record takes. */
  readonly bytes: number;
  /** When it came, in milliseconds on the run's clock. */
  readonly since: number;
}
