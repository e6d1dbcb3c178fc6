import fc from "fast-check";
import { expect, test } from "vitest";
import { dispatch } from "../../src/dispatch/dispatch.js";
import type { Fault, Judge, Verdict } from "../../src/dispatch/judge.js";
import { search } from "../../src/dispatch/search.js";
import { FixedBatches } from "../../src/dispatch/strategies/fixed.js";
import { hops } from "./deferred.js";
import { Failing, faultOf, options, poisonOf, rejecting } from "./failing.js";

type Bad = Exclude<Fault, "everyone">;

const badRecords = fc
  .uniqueArray(fc.tuple(fc.nat(69), fc.constantFrom<Bad>("records", "process", "time")), {
    selector: ([record]) => record,
    maxLength: 6,
  })
  .map((pairs) => new Map(pairs));

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

function cycle<Value>(values: readonly Value[], position: number): Value {
  return values[position % values.length] as Value;
}

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

/** Chunks, batch size, delays of upstream and of the executor, what fails how, and how it ends. */
const stream = fc.record({
  chunks: fc.array(fc.nat(5), { maxLength: 8 }),
  upstreamDelays: fc.array(fc.nat(6), { minLength: 8, maxLength: 8 }),
  upstreamFails: fc.boolean(),
  batchSize: fc.integer({ min: 1, max: 6 }),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
  delays: fc.array(fc.nat(12), { minLength: 1, maxLength: 10 }),
  bad: badRecords,
  passing: fc.uniqueArray(fc.nat(40), { maxLength: 5 }),
  fatal: fc.option(fc.nat(60), { nil: undefined }),
  retries: fc.nat(2),
  leaveAfter: fc.option(fc.nat(4), { nil: undefined }),
  stopAfter: fc.option(fc.nat(4), { nil: undefined }),
});

test("whatever the delays, failures, retries and exits: outcomes are the start of the input, in order, and the rest is unfinished", async () => {
  await fc.assert(
    fc.asyncProperty(stream, async (given) => {
      let taken = 0;
      let position = 0;
      const unfinished: number[] = [];
      const stopping = new AbortController();
      async function* upstream(): AsyncGenerator<number[]> {
        for (const [index, length] of given.chunks.entries()) {
          await hops(given.upstreamDelays[index] as number);
          yield Array.from({ length }, () => taken++);
        }
        if (given.upstreamFails) throw new Error("upstream");
      }
      const outcomes = dispatch<number, number>(upstream(), {
        strategy: new FixedBatches(given.batchSize),
        maxInFlight: given.maxInFlight,
        passes: (record) => given.passing.includes(record),
        execute: async (records, { stop }) => {
          await hops(cycle(given.delays, position++));
          stop.throwIfAborted();
          if (records.some((record) => record === given.fatal)) throw new Failing("everyone", "fatal");
          const found = records.find((record) => given.bad.has(record));
          if (found !== undefined) throw new Failing(given.bad.get(found) as Bad, `${found}`);
          return records.map((record) => record * 10);
        },
        judge: (failed) =>
          failed.attempts <= given.retries ? { kind: "retry", afterMs: 1 } : rejecting(failed),
        faultOf,
        divides: true,
        poison: poisonOf(),
        wait: async () => {
          await hops(cycle(given.delays, position++));
        },
        stopped: stopping.signal,
        onFailure: () => {},
        onUnfinished: (records) => unfinished.push(...records),
      });
      const seen: number[] = [];
      try {
        let received = 0;
        for await (const each of outcomes) {
          for (const outcome of each) {
            seen.push(outcome.record);
            const kind = given.passing.includes(outcome.record)
              ? "passed"
              : given.bad.has(outcome.record)
                ? "failed"
                : "done";
            expect(outcome.kind).toBe(kind);
          }
          if (received === given.stopAfter) stopping.abort(new Error("stopped"));
          if (received++ === given.leaveAfter) break;
        }
      } catch (error) {
        expect(["upstream", "fatal", "stopped"]).toContain((error as Error).message);
      }
      expect([...seen, ...unfinished]).toEqual(Array.from({ length: taken }, (_, record) => record));
    }),
    { numRuns: 500 },
  );
});
