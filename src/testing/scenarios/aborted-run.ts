import { PipeHaltedError } from "../../run/halted.js";
import { checkBooks } from "../check-books.js";
import { compareBeginning, compareItems } from "../compare-items.js";
import { shownError } from "../describe.js";
import { ABORTED, type Observation, runTrial } from "../trial.js";
import { aThird, silence, skipsWithoutItems } from "./consumer-leaves.js";
import type { Scenario } from "./scenario.js";

/** The run is aborted after a third of the items. It may have come to its end by itself by then. */
export const abortedRun: Scenario = {
  skips: skipsWithoutItems,
  run: async ({ bench, clean }) => {
    const count = aThird(clean);
    const trial = await runTrial(bench, {
      onItem: async (_item, { delivered }) => (delivered === count ? "abort" : undefined),
    });
    if (trial.summary === undefined) return ["the run did not end in time when it was aborted"];
    const isComplete = trial.summary.status === "completed";
    return [
      ...(isComplete ? [] : compareEnding(trial)),
      ...(isComplete ? compareItems : compareBeginning)(clean.items, trial.items, clean),
      ...checkBooks(trial),
      ...silence(trial),
    ];
  },
};

function compareEnding({ summary, thrown }: Observation): string[] {
  const isAborted =
    thrown instanceof PipeHaltedError && thrown.status === "aborted" && thrown.cause === ABORTED;
  if (isAborted && summary?.status === "aborted") return [];
  return [
    `expected the run to throw a PipeHaltedError with the reason of the abort, got ${shownError(thrown)}`,
  ];
}
