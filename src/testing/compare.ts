import { PipeHaltedError } from "../run/halted.js";
import { checkBooks } from "./check-books.js";
import { compareBeginning, compareItems } from "./compare-items.js";
import { compareRejections, hasFailed, isAmong } from "./compare-rejections.js";
import { counted, shownError } from "./describe.js";
import type { Leeway } from "./leeway.js";
import type { Observation } from "./trial.js";

/** Where what came of a trial is not what the clean run and the pipe's policies ask for, in sentences. */
export function compare(clean: Observation, trial: Observation, leeway: Leeway): string[] {
  if (trial.summary === undefined)
    return [`the run did not end in time; ${counted(trial.items.length, "item")} had come out`];
  const aside = compareRejections(clean, trial, leeway);
  const halted = trial.summary.status === "halted";
  const isExpected = (id: string | number): boolean => !isAmong(aside.ids, id);
  const expected = clean.items.filter((item) => isExpected(item.id));
  const actual = trial.items.filter((item) => isExpected(item.id) || !hasFailed(item));
  const outcome = compareOutcome(trial, leeway);
  const isComparable = aside.ids.length === 0 || !leeway.asideChangesOthers;
  return [
    ...outcome,
    ...(outcome.length === 0 && leeway.setsAside === "must" && !halted && aside.ids.length === 0
      ? ["expected the record that kills its process to be set aside, got none that was"]
      : []),
    ...aside.differences,
    ...(isComparable ? (halted ? compareBeginning : compareItems)(expected, actual, clean) : []),
    ...(isComparable && !halted ? compareFiltered(clean, trial, aside.ids.length > 0) : []),
    ...checkBooks(trial),
  ];
}

function compareOutcome({ summary, thrown }: Observation, { halts, because }: Leeway): string[] {
  const status = summary?.status;
  if (status === "halted" && thrown instanceof PipeHaltedError)
    return halts === "never" ? [`the run halted: ${shownError(thrown.cause)}`] : [];
  if (thrown !== undefined) return [`the run threw ${shownError(thrown)}`];
  if (status !== "completed") return [`expected the run to complete, got one that was ${status}`];
  return halts === "must" ? [`expected the run to halt (${because}), got one that completed`] : [];
}

function compareFiltered(clean: Observation, trial: Observation, someAside: boolean): string[] {
  const before = clean.summary?.ledger.filtered ?? 0;
  const after = trial.summary?.ledger.filtered ?? 0;
  if (after === before || (someAside && after < before)) return [];
  return [`${counted(after, "record")} were filtered; in the clean run ${before}`];
}
