import fc from "fast-check";
import { type End, pipe, type Run, type RunSummary } from "slither-ts";
import { expect, test } from "vitest";
import { hops } from "../dispatch/deferred.js";
import { inlineSession } from "./inline-session.js";
import { expectBalance } from "./runs.js";

/** What may happen to a run, at random places. Positions beyond the input are that nothing happens. */
const scenario = fc.record({
  count: fc.nat(60),
  asynchronous: fc.boolean(),
  inputDelays: fc.array(fc.nat(5), { minLength: 1, maxLength: 7 }),
  inputFailsAt: fc.nat(150),
  nodeDelays: fc.array(fc.nat(5), { minLength: 1, maxLength: 7 }),
  batchDelays: fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }),
  sizes: fc.tuple(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 17 })),
  bad: fc.record({
    before: fc.uniqueArray(fc.nat(120), { maxLength: 3 }),
    first: fc.uniqueArray(fc.nat(120), { maxLength: 3 }),
    between: fc.uniqueArray(fc.nat(120), { maxLength: 3 }),
    second: fc.uniqueArray(fc.nat(120), { maxLength: 3 }),
    split: fc.uniqueArray(fc.nat(120), { maxLength: 3 }),
  }),
  policies: fc.record({
    before: fc.constantFrom("halt", "reject"),
    first: fc.constantFrom("halt", "reject"),
    between: fc.constantFrom("halt", "reject"),
    second: fc.constantFrom("halt", "reject"),
    split: fc.constantFrom("halt", "reject"),
  }),
  abortAt: fc.nat(200),
  leaveAt: fc.nat(200),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never;

function cycle(delays: readonly number[], position: number): number {
  return delays[position % delays.length] as number;
}

/** The input: numbers from 0, late at times, and perhaps broken. */
function inputOf(given: Scenario): Iterable<number> | AsyncIterable<number> {
  const check = (position: number): void => {
    if (position === given.inputFailsAt) throw new Error("the input");
  };
  function* sync(): Generator<number> {
    for (let position = 0; position < given.count; position++) {
      check(position);
      yield position;
    }
  }
  async function* later(): AsyncGenerator<number> {
    for (const position of sync()) {
      await hops(cycle(given.inputDelays, position));
      yield position;
    }
  }
  return given.asynchronous ? later() : sync();
}

/** A run of two node, two python stages and routes, each of which may fail for some records; payloads stay what they are. */
async function runOf(given: Scenario, signal: AbortSignal): Promise<Run<number, End<"even", number>>> {
  const batch = (stage: "first" | "second") => async (payloads: number[]) => {
    await hops(cycle(given.batchDelays, payloads[0] as number));
    for (const n of payloads) check(stage, n);
    return payloads;
  };
  const check = (stage: keyof Scenario["bad"], n: number): number => {
    if (given.bad[stage].includes(n)) throw new Error(`${n} in ${stage}`);
    return n;
  };
  const session = await inlineSession({ first: batch("first"), second: batch("second") });
  const built = pipe<number>("random")
    .node("before", (n) => check("before", n))
    .python<number>("first", { module: "model", function: "first", batch: { size: given.sizes[0] } })
    .node("between", async (n) => {
      await hops(cycle(given.nodeDelays, n));
      return check("between", n);
    })
    .python<number>("second", { module: "model", function: "second", batch: { size: given.sizes[1] } })
    .route("split", [["even", (n) => check("split", n) % 2 === 0]])
    .onError("before", given.policies.before)
    .onError("first", given.policies.first)
    .onError("between", given.policies.between)
    .onError("second", given.policies.second)
    .onError("split", given.policies.split);
  return built.run(inputOf(given), { session, signal });
}

/** Carries a scenario out: the records that came out, how the run ended, and what it threw. */
async function carryOut(given: Scenario): Promise<{ seen: number[]; summary: RunSummary; thrown: unknown }> {
  const controller = new AbortController();
  const run = await runOf(given, controller.signal);
  const seen: number[] = [];
  let thrown: unknown;
  try {
    for await (const item of run) {
      expect(item).toMatchObject({ id: item.payload, route: item.payload % 2 === 0 ? "even" : "default" });
      seen.push(item.payload);
      if (seen.length - 1 === given.abortAt) controller.abort(new Error("the signal"));
      if (seen.length - 1 === given.leaveAt) break;
    }
  } catch (error) {
    thrown = error;
  }
  return { seen, summary: await run.done, thrown };
}

const RUNS = { numRuns: 150 };

test("whatever fails, aborts or is left where: records come in order, and the books balance", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { seen, summary, thrown } = await carryOut(given);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      expect(new Set(seen).size).toBe(seen.length);
      expectBalance(summary.ledger);
      expect(summary.ledger.out).toBe(seen.length);
      expect(summary.ledger.rejected).toBe(summary.rejected.length);
      expect(thrown === undefined).toBe(["completed", "stopped"].includes(summary.status));
    }),
    RUNS,
  );
}, 60_000);

test("no record comes out that failed anywhere, and none is rejected that did not", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const { seen, summary } = await carryOut(given);
      const bad = new Set(Object.values(given.bad).flat());
      expect(seen.filter((n) => bad.has(n))).toEqual([]);
      for (const { id, stage } of summary.rejected)
        expect(given.bad[stage as keyof Scenario["bad"]]).toContain(id);
    }),
    RUNS,
  );
}, 60_000);

test("a run that completes has given out or rejected every record of its input", async () => {
  const rejecting = scenario.map((given) => ({
    ...given,
    policies: {
      before: "reject",
      first: "reject",
      between: "reject",
      second: "reject",
      split: "reject",
    } as const,
    inputFailsAt: -1,
    abortAt: -1,
    leaveAt: -1,
  }));
  await fc.assert(
    fc.asyncProperty(rejecting, async (given) => {
      const { seen, summary } = await carryOut(given);
      const bad = new Set(Object.values(given.bad).flat());
      const good = Array.from({ length: given.count }, (_, n) => n).filter((n) => !bad.has(n));
      expect(summary.status).toBe("completed");
      expect(seen).toEqual(good);
      expect(summary.ledger).toMatchObject({
        in: given.count,
        rejected: given.count - good.length,
        unfinished: 0,
      });
    }),
    RUNS,
  );
}, 60_000);

test("under halt, everything before the first failure is given out, when nothing else ends the run", async () => {
  const halting = scenario.map((given) => ({
    ...given,
    policies: { before: "halt", first: "halt", between: "halt", second: "halt", split: "halt" } as const,
    bad: { ...given.bad, first: [], second: [] },
    inputFailsAt: -1,
    abortAt: -1,
    leaveAt: -1,
  }));
  await fc.assert(
    fc.asyncProperty(halting, async (given) => {
      const { seen } = await carryOut(given);
      const firstBad = Math.min(given.count, ...Object.values(given.bad).flat());
      expect(seen).toEqual(Array.from({ length: firstBad }, (_, n) => n));
    }),
    RUNS,
  );
}, 60_000);
