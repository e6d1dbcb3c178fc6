import { isDeepStrictEqual } from "node:util";
import type { Item, ItemId } from "../stage/item.js";
import { firstOf, shown } from "./describe.js";

/** What of the items is compared beside their contents. */
export interface ComparedItems {
  /** Whether they come in an order that is the same each time. */
  readonly inOrder: boolean;
  /** Whether all of them must come; else some of them may be missing. */
  readonly all?: boolean;
}

/** Where the items that came out are not those that were expected, in sentences. Numbers are compared by Object.is: NaN is NaN, and -0 is not 0. */
export function compareItems(
  expected: readonly Item[],
  actual: readonly Item[],
  { inOrder, all = true }: ComparedItems,
): string[] {
  const left = new Map<ItemId, Item[]>();
  for (const item of expected) left.set(item.id, [...(left.get(item.id) ?? []), item]);
  const known = new Set(left.keys());
  const tooMany: string[] = [];
  const changed: string[] = [];
  const common: Item[] = [];
  for (const item of actual) {
    const counterpart = left.get(item.id)?.shift();
    if (counterpart !== undefined) {
      common.push(counterpart);
      changed.push(...compareItem(counterpart, item));
    } else if (known.has(item.id))
      tooMany.push(`record ${shown(item.id)} came out once more than in the clean run`);
    else tooMany.push(`record ${shown(item.id)} came out, which it did not in the clean run`);
  }
  const missing = [...left.values()].flat();
  const lost = all ? missing : [];
  return [
    ...firstOf(
      lost.map(
        ({ id, route }) => `record ${shown(id)} did not come out; in the clean run it went to ${route}`,
      ),
    ),
    ...firstOf(tooMany),
    ...firstOf(changed),
    ...(inOrder ? compareOrder(expected, common, missing) : []),
  ];
}

/** The same for a run that ended early: what came out is the beginning of what was expected. Without an order, any of it may have come first. */
export function compareBeginning(
  expected: readonly Item[],
  actual: readonly Item[],
  { inOrder }: Pick<ComparedItems, "inOrder">,
): string[] {
  return inOrder
    ? compareItems(expected.slice(0, actual.length), actual, { inOrder })
    : compareItems(expected, actual, { inOrder, all: false });
}

function compareItem(expected: Item, actual: Item): string[] {
  const differences: string[] = [];
  const record = `record ${shown(expected.id)}`;
  if (expected.route !== actual.route)
    differences.push(`${record} went to ${actual.route}; in the clean run it went to ${expected.route}`);
  if (!isDeepStrictEqual(expected.payload, actual.payload))
    differences.push(
      `${record} came out as ${shown(actual.payload)}; in the clean run as ${shown(expected.payload)}`,
    );
  return differences;
}

/** @param common what came out and was expected, in the order in which it came out. */
function compareOrder(
  expected: readonly Item[],
  common: readonly Item[],
  missing: readonly Item[],
): string[] {
  const lacking = new Set(missing);
  const inOrder = expected.filter((item) => !lacking.has(item));
  const place = inOrder.findIndex((item, index) => item !== common[index]);
  if (place < 0) return [];
  const [wanted, got] = [inOrder[place]?.id, common[place]?.id];
  return [
    `the order differs: record ${shown(got)} came out where record ${shown(wanted)} came in the clean run`,
  ];
}
