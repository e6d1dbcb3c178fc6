import { PipeHaltedError } from "../../run/halted.js";
import type { ItemId } from "../../stage/item.js";
import { checkBooks } from "../check-books.js";
import { compareItems } from "../compare-items.js";
import { isAmong } from "../compare-rejections.js";
import { shown, shownError } from "../describe.js";
import { type Observation, runTrial } from "../trial.js";
import { InputBroke } from "../watched-input.js";
import { silence } from "./consumer-leaves.js";
import type { Scenario } from "./scenario.js";

/** The input throws after half of its records: what came before is finished, and the run halts with that error. */
export const throwingInput: Scenario = {
  skips: ({ clean }) => (clean.ids.length < 2 ? "the input has fewer than two records" : undefined),
  run: async ({ bench, clean }) => {
    const count = Math.floor(clean.ids.length / 2);
    const trial = await runTrial(bench, { inputBreaksAt: count });
    if (trial.summary === undefined) return ["the run did not end in time when its input threw"];
    const { unfinished } = trial.summary.ledger;
    return [
      ...compareEnding(trial),
      ...compareItems(before(clean, count, clean.items), trial.items, clean),
      ...compareRejected(clean, trial, count),
      ...(unfinished === 0
        ? []
        : [`expected what came before the error to be finished, got ${unfinished} unfinished`]),
      ...checkBooks(trial),
      ...silence(trial),
    ];
  },
};

function compareEnding({ thrown }: Observation): string[] {
  if (thrown instanceof PipeHaltedError && thrown.cause instanceof InputBroke) return [];
  return [
    `expected the run to throw a PipeHaltedError with the error of the input, got ${shownError(thrown)}`,
  ];
}

function compareRejected(clean: Observation, trial: Observation, count: number): string[] {
  const expected = before(clean, count, clean.summary?.rejected ?? []).map(({ id }) => shown(id));
  const actual = (trial.summary?.rejected ?? []).map(({ id }) => shown(id));
  if (!clean.inOrder) for (const ids of [expected, actual]) ids.sort();
  if (expected.join() === actual.join()) return [];
  return [
    `expected the records ${expected.join(", ") || "none"} to be rejected, got ${actual.join(", ") || "none"}`,
  ];
}

/** Those that come of the first records. */
function before<Each extends { readonly id: ItemId }>(
  { ids }: Observation,
  count: number,
  all: readonly Each[],
): Each[] {
  const first = new Set(ids.slice(0, count));
  const later = ids.slice(count);
  return all.filter(({ id }) => first.has(id) || (!isAmong(later, id) && isAmong([...first], id)));
}
