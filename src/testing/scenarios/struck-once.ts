import type { Interfere } from "../batch-log.js";
import { compare } from "../compare.js";
import { type Harm, leewayOf } from "../leeway.js";
import { runTrial } from "../trial.js";
import { type Stand, Strike, sentAmong, type Target, targets } from "./scenario.js";

/** Runs the pipe with a fault in one batch, the first time that it is sent. */
export async function struckOnce(stand: Stand, kind: Harm["kind"], strikes: Interfere): Promise<string[]> {
  const target = stand.dice.pick(targets(stand)) as Target;
  const { stage } = target;
  const strike = new Strike(target, stand, strikes);
  const trial = await runTrial(stand.bench, { interfere: strike.interfere });
  const { payloads } = strike;
  const harm = { kind, times: "once", size: payloads.length } as const;
  const leeway = leewayOf(stand.plan, stage, harm, sentAmong(stage, payloads));
  return [...strike.differences, ...compare(stand.clean, trial, leeway)];
}
