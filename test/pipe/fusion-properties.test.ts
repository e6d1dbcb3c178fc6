import fc from "fast-check";
import type { Item, RunSummary } from "slither-ts";
import { inline } from "slither-ts/testing";
import { expect, test } from "vitest";
import { fusionOf } from "../../src/plan/fusion.js";
import { sharedEngine } from "../helpers/engine.js";
import { type Fated, type Features, scoring } from "./fused-pipes.js";
import {
  completing,
  type FusedShape,
  functionsOf,
  halting,
  pipeOf,
  recordsOf,
  type Sight,
} from "./fused-shapes.js";
import { consume, expectBalance } from "./runs.js";

interface Outcome {
  readonly items: readonly Item[];
  readonly summary: RunSummary;
  readonly sights: readonly Sight[];
}

async function carryOut(shape: FusedShape, fuse: boolean): Promise<Outcome> {
  await using engine = inline({ modules: { model: functionsOf(shape) } });
  const sights: Sight[] = [];
  const session = await engine.session({ id: "a" });
  const run = pipeOf(shape, { fuse, sights }).run(recordsOf(shape), { session });
  const { items } = await consume(run);
  return { items, summary: await run.done, sights };
}

/** What must be the same, in an order of its own where the pipe does not keep that of the input. */
function comparable({ items, summary }: Outcome, ordered: boolean): unknown {
  const given = items.map(({ id, payload, route }) => ({ id, payload, route }));
  const rejected = summary.rejected.map(({ id, stage, reason }) => ({ id, stage, reason }));
  return {
    status: summary.status,
    items: ordered ? given : sorted(given),
    rejected: sorted(rejected),
    ledger: { ...summary.ledger, edges: sorted(summary.ledger.edges) },
  };
}

function sorted<Value>(values: readonly Value[]): Value[] {
  const keyed = values.map((value) => [JSON.stringify(value), value] as const);
  return keyed.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value);
}

test("whether stages are fused does not show: the same outputs in the same order, rejections and books", async () => {
  let fusing = 0;
  await fc.assert(
    fc.asyncProperty(completing, async (shape) => {
      const [fused, unfused] = [await carryOut(shape, true), await carryOut(shape, false)];
      const ordered = shape.ordering === "preserve";
      const { plan } = pipeOf(shape, { fuse: true, sights: [] });
      if (fusionOf(plan).groups.length < plan.stages.length) fusing += 1;
      expect(comparable(fused, ordered)).toEqual(comparable(unfused, ordered));
      expect(fused.summary.status).toBe("completed");
      expectBalance(fused.summary.ledger);
    }),
    { numRuns: 150 },
  );
  expect(fusing).toBeGreaterThan(50);
}, 60_000);

test("a tap is shown the same of each record that comes through, and nothing that is not there without fusion", async () => {
  await fc.assert(
    fc.asyncProperty(completing, async (shape) => {
      const [fused, unfused] = [await carryOut(shape, true), await carryOut(shape, false)];
      const [seen, expected] = [fused, unfused].map(
        ({ sights }) => new Set(sights.map((sight) => JSON.stringify(sight))),
      ) as [Set<string>, Set<string>];
      expect([...seen].filter((sight) => !expected.has(sight))).toEqual([]);
      const rejected = new Set(fused.summary.rejected.map(({ id }) => id));
      const missed = unfused.sights.filter((sight) => !seen.has(JSON.stringify(sight)));
      expect(missed.filter(({ id }) => !rejected.has(id))).toEqual([]);
    }),
    { numRuns: 100 },
  );
}, 60_000);

test("a run that halts gives out a beginning of the same outputs, and its books balance", async () => {
  const ordered = halting.map((shape) => ({ ...shape, ordering: "preserve" as const }));
  await fc.assert(
    fc.asyncProperty(ordered, async (shape) => {
      const all = await carryOut({ ...shape, policies: ["reject"] }, false);
      const [fused, unfused] = [await carryOut(shape, true), await carryOut(shape, false)];
      expect(fused.summary.status).toBe(unfused.summary.status);
      const given = fused.items.map(({ id, payload }) => ({ id, payload }));
      expect(given).toEqual(all.items.slice(0, given.length).map(({ id, payload }) => ({ id, payload })));
      expectBalance(fused.summary.ledger);
    }),
    { numRuns: 100 },
  );
}, 60_000);

const engine = sharedEngine();

const fate = fc.option(fc.constantFrom("raise", "raise Rejected", "give back Rejected"), {
  nil: undefined,
  freq: 8,
});

const records = fc
  .array(fc.record({ first: fate, second: fate }), { maxLength: 30 })
  .map((fates) => fates.map((fated, n) => ({ n, ...fated }) as Fated));

test("nor does it with real Python", async () => {
  const session = await engine().session();
  const settings = fc.record({
    records,
    size: fc.integer({ min: 1, max: 12 }),
    each: fc.boolean(),
    tapFails: fc.option(fc.nat(30), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(settings, async ({ records: given, size, each, tapFails }) => {
      const tap = ({ n }: Features): void => {
        if (n === tapFails) throw new RangeError("not wanted");
      };
      const outcomes = [];
      for (const fuse of [true, false]) {
        const built = scoring({ size, each, fuse, tap }).onError("*", "reject");
        expect(fusionOf(built.plan).groups).toHaveLength(fuse ? 1 : 3);
        const run = built.run(given, { session });
        const { items } = await consume(run);
        outcomes.push(comparable({ items, summary: await run.done, sights: [] }, true));
      }
      expect(outcomes[0]).toEqual(outcomes[1]);
    }),
    { numRuns: 25 },
  );
}, 60_000);
