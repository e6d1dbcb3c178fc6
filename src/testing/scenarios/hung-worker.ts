import { CallTimeoutError } from "../../errors/session.js";
import type { SentBatch } from "../sent-batch.js";
import { type Scenario, skipsWithoutReturn } from "./scenario.js";
import { struckOnce } from "./struck-once.js";

/** How long a process that is stopped has for its batch. */
const DEADLINE_MS = 200;

/** A batch passes its deadline once, because its process does nothing any more. */
export const hungWorker: Scenario = {
  skips: skipsWithoutReturn,
  run: (stand) => struckOnce(stand, "time", hung),
};

/** A stopped process heeds nothing, and is killed; where there is no process, what its deadline would have given comes at once. */
async function hung(batch: SentBatch): ReturnType<SentBatch["send"]> {
  const { session, site, options } = batch;
  if (session.pid !== undefined)
    return batch.sendSignal("SIGSTOP", { attempts: 1, timeoutMs: DEADLINE_MS, timeoutFrom: "running" });
  throw new CallTimeoutError({
    session: session.id,
    target: site.target,
    timeoutMs: options.timeoutMs as number,
    fate: "killed",
  });
}
