import { CallTimeoutError } from "../../errors/session.js";
import { compare } from "../compare.js";
import { leewayOf } from "../leeway.js";
import type { SentBatch } from "../sent-batch.js";
import { runTrial } from "../trial.js";
import { type Scenario, Strike, sentAmong, skipsWithoutReturn, type Target, targets } from "./scenario.js";

/** How long a process that is stopped has for its batch. */
const DEADLINE_MS = 200;

/** A batch passes its deadline once, because its process does nothing any more. */
export const hungWorker: Scenario = {
  skips: skipsWithoutReturn,
  run: async (stand) => {
    const target = stand.dice.pick(targets(stand)) as Target;
    const { stage, payloads } = target;
    const leeway = leewayOf(
      stand.plan,
      stage,
      { kind: "time", times: "once", size: payloads.length },
      sentAmong(stage, payloads),
    );
    const strike = new Strike(target, hung);
    const trial = await runTrial(stand.bench, { interfere: strike.interfere });
    return [...strike.differences, ...compare(stand.clean, trial, leeway)];
  },
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
