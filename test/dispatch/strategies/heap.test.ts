import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "../../../src/dispatch/strategies/heap.js";

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("push" as const), rank: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("rise" as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.constant({ do: "shift" as const }) },
  ),
  { maxLength: 150 },
);

test("the first is always the one that comes before all others, also when some have risen", () => {
  fc.assert(
    fc.property(steps, (given) => {
      const heap = new Heap<{ rank: number; place: number }>((entry, other) => entry.rank < other.rank);
      const entries: { rank: number; place: number }[] = [];
      for (const step of given) {
        if (step.do === "push") {
          const entry = { rank: step.rank, place: -1 };
          entries.push(entry);
          heap.push(entry);
        } else if (step.do === "rise") {
          const entry = entries[step.which % Math.max(1, entries.length)];
          if (entry === undefined) continue;
          entry.rank -= 20;
          heap.rise(entry);
        } else {
          const shifted = heap.shift();
          expect(shifted?.rank).toBe(entries.length === 0 ? undefined : lowestOf(entries));
          if (shifted !== undefined) entries.splice(entries.indexOf(shifted), 1);
        }
        expect(heap.first?.rank).toBe(entries.length === 0 ? undefined : lowestOf(entries));
      }
    }),
  );
});

function lowestOf(entries: readonly { readonly rank: number }[]): number {
  return Math.min(...entries.map(({ rank }) => rank));
}
