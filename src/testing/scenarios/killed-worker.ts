import { WorkerDiedError } from "../../errors/session.js";
import { compare } from "../compare.js";
import { type Leeway, leewayOf } from "../leeway.js";
import type { SentBatch } from "../sent-batch.js";
import { runTrial } from "../trial.js";
import {
  pythonStages,
  type Scenario,
  type Stand,
  Strike,
  skipsWithoutReturn,
  type Target,
  targets,
} from "./scenario.js";

/** The worker dies once, while it has a batch: nothing of that must be seen. */
export const killedWorker: Scenario = {
  skips: skipsWithoutReturn,
  run: async (stand) => {
    const target = stand.dice.pick(targets(stand)) as Target;
    const strike = new Strike(target, stand, killed);
    const trial = await runTrial(stand.bench, { interfere: strike.interfere });
    return [...strike.differences, ...compare(stand.clean, trial, leeway(stand, strike))];
  },
};

/** Under `halt` it is the session that sends the batch again. */
async function killed(batch: SentBatch): ReturnType<SentBatch["send"]> {
  if (!batch.isShared) {
    const answer = batch.send();
    batch.session.lifecycle.worker.kill();
    return answer;
  }
  // Which of the replicas has the batch cannot be told from outside: the death comes in its place.
  try {
    return await batch.sendSignal("SIGKILL", { attempts: 1 });
  } catch (error) {
    if (!(error instanceof WorkerDiedError) || batch.options.attempts < 2) throw error;
    return batch.send({ attempts: batch.options.attempts - 1 });
  }
}

/** With several python stages, the batch that dies with the worker may be that of another. */
function leeway(stand: Stand, { payloads }: Strike): Leeway {
  const each = pythonStages(stand).map((stage) =>
    leewayOf(stand.plan, stage, { kind: "process", times: "once", size: payloads.length }, () => true),
  );
  const [first] = each as [Leeway];
  return each.every(({ halts }) => halts === first.halts)
    ? { ...first, setsAside: each.some(({ setsAside }) => setsAside === "may") ? "may" : "never" }
    : { ...first, halts: "may", setsAside: "may" };
}
