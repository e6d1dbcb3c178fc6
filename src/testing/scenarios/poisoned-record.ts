import type { PythonStage } from "../../stage/python-stage.js";
import { compare } from "../compare.js";
import { asideOf } from "../compare-rejections.js";
import { leewayOf } from "../leeway.js";
import { type Observation, runTrial } from "../trial.js";
import {
  among,
  pythonStages,
  type Scenario,
  type Stand,
  sentAmong,
  sentAs,
  skipsWithoutReturn,
  targets,
} from "./scenario.js";

/** One record kills every process that it meets in the first python stage: it alone is set aside, or the run halts, as the policy says. */
export const poisonedRecord: Scenario = {
  skips: async (stand) => {
    const reason = skipsWithoutReturn(stand);
    if (reason !== undefined) return reason;
    const [stage] = pythonStages(stand) as [PythonStage];
    const payloads = payloadsOf(stage, stand);
    if (payloads.length === 0) return `no batch of stage ${stage.name} succeeded in the clean run`;
    return payloads.every(await wasSetAside(stage, stand.clean))
      ? `stage ${stage.name} set every record aside in the clean run`
      : undefined;
  },
  run: async (stand) => {
    const { bench, plan, clean, dice } = stand;
    const [stage] = pythonStages(stand) as [PythonStage];
    const isAside = await wasSetAside(stage, clean);
    const poison = [dice.pickOneThat(payloadsOf(stage, stand), (payload) => !isAside(payload))];
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

function payloadsOf(stage: PythonStage, stand: Stand): unknown[] {
  return targets(stand, (each) => each === stage).flatMap(({ payloads }) => payloads);
}

/** Whether a payload is one of a record that the stage sets aside anyhow: its death would make no difference that is known beforehand. */
async function wasSetAside(stage: PythonStage, clean: Observation): Promise<(payload: unknown) => boolean> {
  const aside = asideOf(clean).filter((each) => each.stage === stage.name);
  const payloads = (await Promise.all(aside.map(({ payload }) => sentAs(stage, payload)))).flat();
  // Most are found like this, without comparing each with each.
  const same = new Set(payloads);
  const isEqual = among(payloads);
  return (payload) => same.has(payload) || isEqual(payload);
}
