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
interface Aside extends Pick<Rejection, "id" | "stage" | "payload" | "reason"> {
  /** The output that it was sent to; undefined when it was rejected. */
  readonly route: string | undefined;
}

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
          ({ id, stage, reason, route }) =>
            `record ${shown(id)} was ${route === undefined ? "rejected" : `sent to ${route}`} in stage ${stage}, which it was not in the clean run: ${reason}`,
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
  return ids.some((each) => each === id || isMadeOf(each, id));
}

/** Ids of the pipe's own may begin alike, as paths do: `a` and `a/b`. */
function isMadeOf(whole: ItemId, id: ItemId): boolean {
  const part = String(id);
  return part.startsWith(`${whole}/`) && CHILDREN.test(part.slice(String(whole).length));
}

/** What is added to an id for a record that was made of another, as often as that was done. */
const CHILDREN = /^(\/\d+)+$/;

/** Whether an item is in an output because it failed. */
export function hasFailed(item: Item): boolean {
  return item.failure !== undefined;
}

/** What was rejected, and what went to an output with its failure. */
export function asideOf({ summary, items }: Observation): Aside[] {
  const rejected = summary?.rejected ?? [];
  return [
    ...rejected.map(({ id, payload, stage, reason }) => ({ id, payload, stage, reason, route: undefined })),
    ...items.flatMap(({ id, failure, route }) =>
      failure === undefined
        ? []
        : [{ id, payload: failure.payload, stage: failure.stage, reason: failure.reason, route }],
    ),
  ];
}

function takeOut(all: Aside[], one: Aside): boolean {
  const index = all.findIndex(
    ({ id, stage, route }) => id === one.id && stage === one.stage && route === one.route,
  );
  if (index >= 0) all.splice(index, 1);
  return index >= 0;
}
