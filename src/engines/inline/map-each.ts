import { type CallSite, PythonError } from "../../errors/python.js";
import { ValueNotSupportedError } from "../../errors/value.js";
import { isRejecting } from "../../wire/rejecting.js";
import { asPythonError } from "./python-error.js";

/** Why a payload has no result: the reason with which it was set aside, or how it failed. */
export type FailedRow = string | PythonError | ValueNotSupportedError;

/** What came of one payload. */
export interface MappedRow {
  readonly result?: unknown;
  readonly failed?: FailedRow | undefined;
}

/** What Python raises with these names says nothing about one payload. */
const OF_THE_WHOLE = ["MemoryError", "SystemExit", "KeyboardInterrupt"];

/**
 * Works on one payload after the other, as a worker does for a step of the form `each`: see protocol/PROTOCOL.md.
 *
 * @param work what it throws is the failure of its payload, where that can be.
 * @throws what says nothing about one payload; no further one is worked on then.
 */
export async function mapEach(
  payloads: readonly unknown[],
  site: CallSite,
  work: (payload: unknown) => Promise<unknown>,
): Promise<MappedRow[]> {
  const rows: MappedRow[] = [];
  for (const payload of payloads) {
    try {
      const result = await work(payload);
      rows.push(isRejecting(result) ? { failed: reasonOf(asPythonError(result, site)) } : { result });
    } catch (error) {
      if (!concernsOne(error)) throw error;
      rows.push({ failed: reasonOf(error) });
    }
  }
  return rows;
}

function reasonOf(error: unknown): FailedRow {
  const isDecision = error instanceof PythonError && error.isA("slither_worker.Rejected");
  return isDecision ? error.pythonMessage : (error as FailedRow);
}

function concernsOne(error: unknown): error is PythonError | ValueNotSupportedError {
  if (error instanceof ValueNotSupportedError) return true;
  return error instanceof PythonError && !OF_THE_WHOLE.some((name) => error.isA(name));
}
