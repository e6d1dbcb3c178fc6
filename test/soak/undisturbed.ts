import { expect } from "vitest";
import { expectBalance } from "../pipe/runs.js";
import type { Outcome } from "./chaos.js";

/** What came out of runs whose workers died is, value by value, what came out without that; and so often did they die. */
export function expectUndisturbed(
  chaotic: readonly Outcome[],
  calm: readonly Outcome[],
  deaths: number,
): void {
  for (const [index, { scored, ids, summary }] of chaotic.entries()) {
    const expected = calm[index] as Outcome;
    expect(ids.length).toBe(expected.scored.length);
    for (const [position, [n, probability]] of scored.entries()) {
      const [expectedN, expectedProbability] = expected.scored[position] as Outcome["scored"][number];
      // Compared by hand: an assertion for each of so many records takes minutes.
      if (n !== expectedN || probability !== expectedProbability || ids[position] !== position)
        expect.fail(
          `record ${position}: expected ${[expectedN, expectedProbability]}, got ${[n, probability]} with id ${ids[position]}`,
        );
    }
    const { status, ledger, rejected } = summary;
    expect({ status, rejected, in: ledger.in, out: ledger.out, unfinished: ledger.unfinished }).toEqual({
      status: "completed",
      rejected: [],
      in: expected.scored.length,
      out: expected.scored.length,
      unfinished: 0,
    });
    expectBalance(ledger);
  }
  expect(chaotic.reduce((sum, { recoveries }) => sum + recoveries, 0)).toBe(deaths);
  // The models differ, or a mix-up would not be seen.
  expect(calm[0]?.scored[0]).not.toEqual(calm[1]?.scored[0]);
}
