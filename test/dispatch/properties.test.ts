import fc from "fast-check";
import { expect, test } from "vitest";
import type { Judge, Verdict } from "../../src/dispatch/judge.js";
import { search } from "../../src/dispatch/search.js";
import { type Bad, badRecords, cycle } from "./arbitraries.js";
import { hops } from "./deferred.js";
import { Failing, options } from "./failing.js";
import { runStream, STREAM_LAWS, stream } from "./random-stream.js";

const batch = fc.record({
  count: fc.integer({ min: 1, max: 70 }),
  bad: badRecords,
  /** Records whose verdict is an output. */
  routed: fc.uniqueArray(fc.nat(69), { maxLength: 20 }),
  /** How many tries a failure may have before its verdict holds. */
  retries: fc.nat(2),
  /** Whether the process dies by chance at the n-th try, where these records were not struck by chance before. */
  deaths: fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
  delays: fc.array(fc.nat(5), { minLength: 1, maxLength: 5 }),
});

type Batch = typeof batch extends fc.Arbitrary<infer Value> ? Value : never;

/** Carries a batch out, in which the first bad record is what it fails of. */
async function searched(given: Batch) {
  const { count, bad, routed, retries, deaths, delays } = given;
  let tries = 0;
  const struck = new Set<string>();
  const execute = async (records: readonly number[]): Promise<number[]> => {
    await hops(cycle(delays, tries++));
    const name = records.join();
    if (cycle(deaths, tries) && !struck.has(name)) {
      struck.add(name);
      throw new Failing("process", "by chance");
    }
    const found = records.find((record) => bad.has(record));
    if (found !== undefined) throw new Failing(bad.get(found) as Bad, `${found}`);
    return records.map((record) => record * 10);
  };
  const judge: Judge<number> = ({ records, attempts }): Verdict => {
    if (attempts <= retries) return { kind: "retry", afterMs: 1 };
    return routed.includes(records[0] as number) ? { kind: "routeTo", route: "aside" } : { kind: "reject" };
  };
  const all = Array.from({ length: count }, (_, record) => record);
  const outcomes = await search(all, options(execute, { judge }));
  return { outcomes, tries, accidents: struck.size };
}

test("whatever raises, kills, hangs or dies by chance: one outcome for each record, in order, and exactly the bad ones fail", async () => {
  await fc.assert(
    fc.asyncProperty(batch, async (given) => {
      const { outcomes } = await searched(given);
      const seen = outcomes.map((outcome) => {
        if (outcome.kind === "done") return [outcome.record, outcome.result];
        if (outcome.kind === "passed") return expect.fail("none passes");
        const { record, error, verdict } = outcome;
        // One that kills may as well be told the death that it did not cause.
        const message = given.bad.get(record) === "process" ? `${record}` : (error as Error).message;
        return [record, message, verdict.kind];
      });
      const expected = Array.from({ length: given.count }, (_, n) =>
        given.bad.has(n) ? [n, `${n}`, given.routed.includes(n) ? "routeTo" : "reject"] : [n, n * 10],
      );
      expect(seen).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});

test("the tries are few: two on each level for one that raises or kills, eight for one that hangs", async () => {
  await fc.assert(
    fc.asyncProperty(batch, async (given) => {
      const { tries, accidents } = await searched(given);
      const levels = Math.ceil(Math.log2(given.count));
      const bad = [...given.bad].filter(([record]) => record < given.count).map(([, fault]) => fault);
      const hanging = bad.filter((fault) => fault === "time").length;
      const parts = 2 * (bad.length - hanging) * levels + 8 * hanging * levels;
      // One try more for the first, for each that is retried, and for each record that is to be blamed for a death. By chance, a part may be cut.
      const more = 1 + given.retries + 2 * bad.length + 9 * accidents;
      expect(tries).toBeLessThanOrEqual(more + parts);
    }),
    { numRuns: 400 },
  );
});

test("without accidents and retries, k records that raise in n take at most 1 + 2·k·log2(n) tries", async () => {
  const raising = batch.map((given) => ({
    ...given,
    retries: 0,
    deaths: [false],
    bad: new Map([...given.bad.keys()].map((record) => [record, "records" as const])),
  }));
  await fc.assert(
    fc.asyncProperty(raising, async (given) => {
      const { tries } = await searched(given);
      const count = [...given.bad.keys()].filter((record) => record < given.count).length;
      expect(tries).toBeLessThanOrEqual(1 + 2 * count * Math.ceil(Math.log2(given.count)));
    }),
  );
});

test("whatever the strategy, the order, the bounds, delays, failures, retries and exits, the laws of a stream hold", async () => {
  await fc.assert(
    fc.asyncProperty(stream, async (given) => {
      const ran = await runStream(given);
      for (const check of Object.values(STREAM_LAWS)) check(given, ran);
    }),
    { numRuns: 1_000 },
  );
});
