import type { PipePlan } from "../plan/plan.js";
import { firstPlace, INPUT, onward, sendsOf, sent } from "../plan/topology.js";
import { DEFAULT_ROUTE } from "../stage/item.js";
import type { LedgerEdge } from "./ledger.js";
import type { StageAccount } from "./stage-account.js";

/** An edge of the ledger, by the indices of its stages. */
export interface Edge {
  /** INPUT, or the index of a stage. */
  readonly from: number;
  /** The index of a stage, or END. */
  readonly to: number;
  readonly output: string;
  readonly records: number;
}

/**
 * Every edge that is known beforehand or has carried something, as those count that gave: the input and the stages.
 *
 * @param given the records of the input, by the index of the stage that they went to first.
 */
export function edgesOf(
  plan: PipePlan,
  given: ReadonlyMap<number, number>,
  accounts: readonly StageAccount[],
): Edge[] {
  const edges = new Map<string, Edge>();
  const add = (from: number, to: number, output: string, records: number): void => {
    const key = JSON.stringify([from, to, output]);
    edges.set(key, { from, to, output, records: (edges.get(key)?.records ?? 0) + records });
  };
  add(INPUT, firstPlace(plan), DEFAULT_ROUTE, 0);
  for (const [place, records] of given) add(INPUT, place, plan.stages[place]?.line ?? DEFAULT_ROUTE, records);
  for (const [index, account] of accounts.entries()) {
    const line = plan.stages[index]?.line as string;
    const addSent = (output: string, records: number): void =>
      add(index, sent(plan, index, output), output === DEFAULT_ROUTE ? line : output, records);
    add(index, onward(plan, index), line, account.onward);
    for (const output of sendsOf(plan, index)) addSent(output, 0);
    for (const [output, records] of account.sentTo) addSent(output, records);
  }
  return [...edges.values()];
}

/** The edge with the names of its stages. */
export function named({ from, to, output, records }: Edge, plan: PipePlan): LedgerEdge {
  return { from: plan.stages[from]?.name, to: plan.stages[to]?.name, output, records };
}
