import { checkBooks } from "../check-books.js";
import { compareBeginning } from "../compare-items.js";
import { shownError } from "../describe.js";
import { type Observation, runTrial } from "../trial.js";
import type { Scenario, Stand } from "./scenario.js";

/** The consumer leaves after a third of the items: the books balance, and the session answers. */
export const consumerLeaves: Scenario = {
  skips: skipsWithoutItems,
  run: async ({ bench, clean }) => {
    const count = aThird(clean);
    const trial = await runTrial(bench, {
      onItem: async (_item, { delivered }) => (delivered === count ? "leave" : undefined),
    });
    if (trial.summary === undefined) return ["the run did not end in time when it was left"];
    const { status } = trial.summary;
    return [
      ...(trial.thrown === undefined ? [] : [`the run threw ${shownError(trial.thrown)} when it was left`]),
      ...(status === "stopped" ? [] : [`expected the run to end as stopped, got ${status}`]),
      ...compareBeginning(clean.items, trial.items, clean),
      ...checkBooks(trial),
      ...silence(trial),
    ];
  },
};

export function skipsWithoutItems({ clean }: Stand): string | undefined {
  return clean.items.length === 0 ? "no item came out of the clean run" : undefined;
}

export function aThird({ items }: Observation): number {
  return Math.max(1, Math.floor(items.length / 3));
}

export function silence({ silence }: Observation): string[] {
  return silence === undefined ? [] : [`the session did not answer after the run: ${shownError(silence)}`];
}
