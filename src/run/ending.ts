import { StageFailure } from "../stage/contract.js";
import type { Item } from "../stage/item.js";
import type { RunStatus } from "../telemetry/events.js";
import { withGrace } from "./grace.js";
import type { Receipts } from "./receipts.js";
import type { Rejections } from "./rejections.js";
import { InputFailure } from "./source.js";

/** How a run ended, and what a failed one has failed with. */
export interface Ending {
  readonly status: RunStatus;
  readonly stage?: string;
  readonly cause?: unknown;
}

/** What `collect()` has, by output. A map: an output may be called `toString`, which every object has. */
export type Gathered = Map<string, Item[]>;

/** What has things to do when a run has ended, and who may wait for them. */
interface Closing {
  readonly rejections: Rejections;
  readonly receipts?: Receipts | undefined;
  readonly outputs: Gathered;
  /** Of the run. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the consumer has left. */
  readonly left?: AbortSignal | undefined;
}

/** @param lost what stopped the run, when that was the loss of the session's state: what is thrown then is what came of it. */
export function endingOf(thrown: unknown, signal?: AbortSignal, lost?: StageFailure): Ending {
  if (signal?.aborted) return { status: "aborted", cause: signal.reason };
  const error = thrown instanceof StageFailure ? thrown : (lost ?? thrown);
  if (error instanceof StageFailure) return { status: "halted", stage: error.stage, cause: error.cause };
  return { status: "halted", cause: error instanceof InputFailure ? error.cause : error };
}

/** A run throws what it has failed with. */
export function hasFailed({ status }: Ending): boolean {
  return status === "halted" || status === "aborted";
}

/** What was rejected is where it is to be, and the source knows of its records; when that cannot be, the run has failed, whatever came of the rest. */
export async function whenAllIsTold(ending: Ending, closing: Closing): Promise<Ending> {
  const { rejections, receipts, outputs, signal, left } = closing;
  const leaving = AbortSignal.any([signal, left].filter((each) => each !== undefined));
  const rejected = withGrace(leaving, async (tooLate) => {
    await rejections.end(tooLate);
    receipts?.failed.throwIfAborted();
  });
  const written = await unlessFailing(ending, rejected, signal);
  if (receipts === undefined) return written;
  // Not before the sink is done: when that fails, collect() gives nothing out.
  closeReceipts(receipts, written, outputs);
  const told = withGrace(leaving, (tooLate) => receipts.end(written.cause, tooLate));
  return unlessFailing(written, told, signal);
}

/** How a run has ended that has one more thing to do; one that has failed already has done so for its first reason. */
async function unlessFailing(ending: Ending, last: Promise<void>, signal?: AbortSignal): Promise<Ending> {
  try {
    await last;
    return ending;
  } catch (error) {
    return hasFailed(ending) ? ending : endingOf(error, signal);
  }
}

/** What was collected is given out at the end; what only an error has, nobody may look at. */
function closeReceipts(receipts: Receipts, ending: Ending, outputs: Gathered): void {
  for (const items of outputs.values())
    for (const item of items) hasFailed(ending) ? receipts.shown(item) : receipts.closed(item);
}
