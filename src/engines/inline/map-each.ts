import { PythonError } from "../../errors/python.js";
import { ValueNotSupportedError } from "../../errors/value.js";
import type { FailedResult, RejectedResult } from "../../wire/reply.js";

/** What came of each payload; those that were rejected or have failed are null in `rows`. */
export interface Mapped {
  readonly rows: readonly unknown[];
  readonly rejected: readonly RejectedResult[] | undefined;
  readonly failed: readonly FailedResult[] | undefined;
}

/** What Python raises with these names says nothing about one payload. */
const OF_THE_WHOLE = ["MemoryError", "SystemExit", "KeyboardInterrupt"];

/**
 * Works on one payload after the other, as a worker does on an EACH: see protocol/PROTOCOL.md.
 *
 * @param work what it throws is the failure of its payload, where that can be.
 * @throws what says nothing about one payload; no further one is worked on then.
 */
export async function mapEach(
  payloads: readonly unknown[],
  work: (payload: unknown) => Promise<unknown>,
): Promise<Mapped> {
  const rows: unknown[] = [];
  const rejected: RejectedResult[] = [];
  const failed: FailedResult[] = [];
  for (const [index, payload] of payloads.entries()) {
    try {
      rows.push(await work(payload));
    } catch (error) {
      if (!concernsOne(error)) throw error;
      if (error instanceof PythonError && error.isA("slither_worker.Rejected"))
        rejected.push([index, error.pythonMessage]);
      else failed.push([index, error]);
      rows.push(null);
    }
  }
  return { rows, rejected: someOf(rejected), failed: someOf(failed) };
}

function concernsOne(error: unknown): error is PythonError | ValueNotSupportedError {
  if (error instanceof ValueNotSupportedError) return true;
  return error instanceof PythonError && !OF_THE_WHOLE.some((name) => error.isA(name));
}

function someOf<Value>(values: readonly Value[]): readonly Value[] | undefined {
  return values.length > 0 ? values : undefined;
}
