import { compare } from "../compare.js";
import { leewayOf } from "../leeway.js";
import type { SentBatch } from "../sent-batch.js";
import { runTrial } from "../trial.js";
import { type Scenario, Strike, sentAmong, skipsWithoutBatches, type Target, targets } from "./scenario.js";

/** One batch comes back without its last result: no record may get the result of another, and none may be lost. */
export const shortResult: Scenario = {
  skips: skipsWithoutBatches,
  run: async (stand) => {
    const target = stand.dice.pick(targets(stand)) as Target;
    const { stage, payloads } = target;
    const leeway = leewayOf(
      stand.plan,
      stage,
      { kind: "records", times: "once", size: payloads.length },
      sentAmong(stage, payloads),
    );
    const strike = new Strike(target, cutShort);
    const trial = await runTrial(stand.bench, { interfere: strike.interfere });
    return [...strike.differences, ...compare(stand.clean, trial, leeway)];
  },
};

async function cutShort(batch: SentBatch): ReturnType<SentBatch["send"]> {
  const reply = await batch.send();
  return { ...reply, value: (reply.value as readonly unknown[]).slice(0, -1) };
}
