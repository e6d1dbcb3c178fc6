import { beforeAll, describe, expect, test } from "vitest";
import { failedInCopy } from "./mutants/in-copy.js";
import { MUTANTS, type Mutant } from "./mutants/mutants.js";

/** As many as the cores that the tests count on. */
const PROCESSES = 2;

type Outcome = Awaited<ReturnType<typeof failedInCopy>>;

const outcomes = new Map<Mutant | undefined, Promise<Outcome>>();

beforeAll(() => {
  const lanes: Promise<unknown>[] = Array.from({ length: PROCESSES }, () => Promise.resolve());
  for (const [index, mutant] of [undefined, ...MUTANTS].entries()) {
    const lane = index % PROCESSES;
    const outcome = (lanes[lane] as Promise<unknown>).then(() => failedInCopy(mutant));
    lanes[lane] = outcome.catch(() => {});
    outcomes.set(mutant, outcome);
  }
});

describe("faultTest()", () => {
  test("passes for slither-ts as it is", { timeout: 60_000 }, async () => {
    const { failed, messages } = (await outcomes.get(undefined)) as Outcome;
    expect(failed, messages).toEqual([]);
  });

  test.each(MUTANTS)("finds that $bug", { timeout: 60_000 }, async (mutant) => {
    const { failed, messages } = (await outcomes.get(mutant)) as Outcome;
    expect(failed, messages).toContain(mutant.foundBy);
  });
});
