import { compare } from "../compare.js";
import { NONE } from "../leeway.js";
import { runTrial } from "../trial.js";
import { type Scenario, Strike, skipsWithoutBatches, type Target, targets } from "./scenario.js";

/** A batch is carried out twice, as after an answer that was lost, and the second answer counts: a function must be repeatable. */
export const duplicateDelivery: Scenario = {
  skips: (stand) => {
    const reason = skipsWithoutBatches(stand);
    if (reason !== undefined || targets(stand, isRepeated).length > 0) return reason;
    return "every python stage that was sent a batch is stateful: its batches are sent once";
  },
  run: async (stand) => {
    const target = stand.dice.pick(targets(stand, isRepeated)) as Target;
    const strike = new Strike(target, stand, async (batch) => {
      await batch.send();
      return batch.send();
    });
    const trial = await runTrial(stand.bench, { interfere: strike.interfere });
    return [...strike.differences, ...compare(stand.clean, trial, NONE)];
  },
};

function isRepeated({ stateful }: { stateful: boolean }): boolean {
  return !stateful;
}
