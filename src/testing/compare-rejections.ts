import type { Item, ItemId, Rejection } from "../stage/item.js";
import { firstOf, shown } from "./describe.js";
import type { Leeway } from "./leeway.js";
import type { Observation } from "./trial.js";

/** What was set aside in a trial beyond the clean run, and what of that must not be. */
export interface SetAside {
  readonly ids: readonly ItemId[];
  readonly differences: readonly string[];
}

/** What of a record that was set aside is compared. */
type Aside = Pick<Rejection, "id" | "stage" | "payload" | "reason">;

/** Compares what was rejected, and what went to an output with a failure. */
export function compareRejections(clean: Observation, trial: Observation, leeway: Leeway): SetAside {
  const before = [...asideOf(clean)];
  const added = asideOf(trial).filter((each) => !takeOut(before, each));
  const unexpected = added.filter(
    ({ stage, payload }) => leeway.setsAside === "never" || !leeway.suspects(stage, payload),
  );
  const ids = added.map(({ id }) => id);
  // Where a run halts, what comes after that is not rejected either.
  const lost = trial.summary?.status === "completed" ? before.filter(({ id }) => !isAmong(ids, id)) : [];
  return {
    ids,
    differences: [
      ...firstOf(
        unexpected.map(
          ({ id, stage, reason }) =>
            `record ${shown(id)} was set aside in stage ${stage}, which it was not in the clean run: ${reason}`,
        ),
      ),
      ...firstOf(
        lost.map(
          ({ id, stage }) =>
            `record ${shown(id)} was not set aside in stage ${stage}; in the clean run it was`,
        ),
      ),
    ],
  };
}

/** Whether the record is one of these, or was made of one of them. */
export function isAmong(ids: readonly ItemId[], id: ItemId): boolean {
  return ids.some((each) => each === id || String(id).startsWith(`${each}/`));
}

/** Whether an item is in an output because it failed. */
export function hasFailed(item: Item): boolean {
  return item.failure !== undefined;
}

function asideOf({ summary, items }: Observation): Aside[] {
  const routed = items.flatMap(({ id, payload, failure }) =>
    failure === undefined ? [] : [{ id, payload, stage: failure.stage, reason: failure.reason }],
  );
  return [...(summary?.rejected ?? []), ...routed];
}

function takeOut(all: Aside[], one: Aside): boolean {
  const index = all.findIndex(({ id, stage }) => id === one.id && stage === one.stage);
  if (index >= 0) all.splice(index, 1);
  return index >= 0;
}
