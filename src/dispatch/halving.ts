/** What became of one record. */
export type Outcome<Record, Result> =
  | { readonly record: Record; readonly ok: true; readonly result: Result }
  | { readonly record: Record; readonly ok: false; readonly error: unknown };

/**
 * Runs a batch; when it fails, runs its halves, down to the records that fail alone. With k bad records in n that is about 2·k·log2(n) further
 * runs. Order is kept.
 *
 * @param rules `blames`: whether a failure may be the fault of a record, any other is thrown on; `divides`: whether there may be halves, else every
 * record of the batch has failed.
 */
export async function halve<Record, Result>(
  batch: readonly Record[],
  execute: (batch: readonly Record[]) => Promise<readonly Result[]>,
  rules: { blames: (error: unknown) => boolean; divides: boolean },
): Promise<Outcome<Record, Result>[]> {
  try {
    return succeeded(batch, await execute(batch));
  } catch (error) {
    if (!rules.blames(error)) throw error;
    if (batch.length === 1 || !rules.divides) return batch.map((record) => ({ record, ok: false, error }));
    const middle = Math.ceil(batch.length / 2);
    const first = await halve(batch.slice(0, middle), execute, rules);
    return first.concat(await halve(batch.slice(middle), execute, rules));
  }
}

function succeeded<Record, Result>(
  batch: readonly Record[],
  results: readonly Result[],
): Outcome<Record, Result>[] {
  return batch.map((record, index) => ({ record, ok: true, result: results[index] as Result }));
}
