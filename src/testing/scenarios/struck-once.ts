import type { Interfere } from "../batch-log.js";
import { compare } from "../compare.js";
import { type Harm, leewayOf } from "../leeway.js";
import { runTrial } from "../trial.js";
import { type Stand, Strike, sentAmong, type Target, targets } from "./scenario.js";

/** Runs the pipe with a fault in one batch, the first time that it is sent. */
export async function struckOnce(stand: Stand, kind: Harm["kind"], strikes: Interfere): Promise<string[]> {
  const target = stand.dice.pick(targets(stand)) as Target;
  const { stage, payloads } = target;
  const harm = { kind, times: "once", size: payloads.length } as const;
  const leeway = leewayOf(stand.plan, stage, harm, sentAmong(stage, payloads));
  const strike = new Strike(target, strikes);
  const trial = await runTrial(stand.bench, { interfere: strike.interfere });
  return [...strike.differences, ...compare(stand.clean, trial, leeway)];
}
