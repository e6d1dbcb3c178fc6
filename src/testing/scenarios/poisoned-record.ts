import { compare } from "../compare.js";
import { leewayOf } from "../leeway.js";
import { runTrial } from "../trial.js";
import {
  among,
  pythonStages,
  type Scenario,
  sentAmong,
  skipsWithoutReturn,
  type Target,
  targets,
} from "./scenario.js";

/** One record kills every process that it meets in the first python stage: it alone is set aside, or the run halts, as the policy says. */
export const poisonedRecord: Scenario = {
  skips: (stand) => {
    const [first] = pythonStages(stand);
    const reason = skipsWithoutReturn(stand);
    if (reason !== undefined || targets(stand, (stage) => stage === first).length > 0) return reason;
    return `no batch of stage ${first?.name} succeeded in the clean run`;
  },
  run: async ({ bench, plan, clean, dice }) => {
    const [first] = pythonStages({ plan });
    const { stage, payloads } = dice.pick(targets({ plan, clean }, (each) => each === first)) as Target;
    const poison = [dice.pick(payloads)];
    const isPoison = among(poison);
    const harm = { kind: "process", times: "always", size: 1 } as const;
    const leeway = leewayOf(plan, stage, harm, sentAmong(stage, poison));
    const trial = await runTrial(bench, {
      interfere: (batch) =>
        batch.stage === stage.name && batch.payloads.some(isPoison)
          ? batch.sendSignal("SIGKILL")
          : batch.send(),
    });
    return compare(clean, trial, leeway);
  },
};
