import { cached, pipe, WorkerDiedError } from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { scriptedTable } from "./cache-tables.js";
import { type Fated, type Features, fatedUpTo, type Label, labelsOf, without } from "./fused-pipes.js";
import { upTo } from "./inputs.js";
import { expectBalance } from "./runs.js";

const engine = sharedEngine();

function scoring(
  cache: ReturnType<typeof cached<number, Features & { second?: string }, Fated>>,
  fuse = true,
) {
  const options = { module: "fused", batch: { size: 5 } };
  return pipe<Fated>("scoring", { id: ({ n }) => n })
    .python<Features & { second?: string }>("featurize", { ...options, function: "featurize", cache })
    .python<Label>("predict", { ...options, function: "predict", fuse })
    .onError("*", "reject");
}

test.each([true, false])("a warm run gives the same, and featurizes nothing (fuse: %s)", async (fuse) => {
  const session = await engine().session();
  const { table, kept, writes } = scriptedTable<Features>();
  const built = scoring(
    cached(table as never, ({ n }: Fated) => n),
    fuse,
  );
  const results = [];
  for (const records of [fatedUpTo(12), fatedUpTo(14)]) {
    const { outputs, stats, ledger } = await built.run(records, { session }).collect();
    results.push([outputs.default.map(({ payload }) => payload), stats.stages.featurize?.cache]);
    expectBalance(ledger);
  }
  expect(results).toMatchObject([
    [labelsOf(upTo(12)), { hits: 0, misses: 12 }],
    [labelsOf(upTo(14)), { hits: 12, misses: 2 }],
  ]);
  expect([kept.size, writes.flat().length]).toEqual([14, 14]);
});

test.each([true, false])(
  "a record that kills its process is found, also where hits are around it (fuse: %s)",
  async (fuse) => {
    const session = await engine().session();
    const { table, age, kept } = scriptedTable<Features>();
    for (const n of [0, 2, 3, 6]) age(n, { n, feature: n * 10, second: null } as never, 0);
    const built = scoring(
      cached(table as never, ({ n }: Fated) => n),
      fuse,
    );
    const fates = { 4: { first: "kill" }, 7: { second: "kill" } };
    const { outputs, rejected, ledger } = await built.run(fatedUpTo(10, fates), { session }).collect();
    expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(without(10, 4, 7)));
    expect(rejected.map(({ id, stage }) => [id, stage])).toEqual([
      [4, "featurize"],
      [7, "predict"],
    ]);
    for (const { error } of rejected) expect(error).toBeInstanceOf(WorkerDiedError);
    expect(kept.has("4")).toBe(false);
    expectBalance(ledger);
  },
);

test.each([
  { what: "makes a later one fail with its whole batch", second: "raise", isKept: false },
  { what: "kills its process in a later one", second: "kill", isKept: false },
  { what: "is rejected in a later one", second: "give back Rejected", isKept: true },
])("what the first of fused functions made of a record that $what is kept: $isKept", async (example) => {
  const session = await engine().session();
  const { table, kept } = scriptedTable<Features>();
  const built = scoring(cached(table as never, ({ n }: Fated) => n));
  await built.run(fatedUpTo(5, { 3: { second: example.second } }), { session }).collect();
  expect(kept.has("3")).toBe(example.isKept);
});

test("sessions that run at the same time compute each key once between them", async () => {
  const { table, writes } = scriptedTable<Features>({ remote: true });
  const built = scoring(cached(table as never, ({ n }: Fated) => n));
  const collected = await Promise.all(
    upTo(4).map(async () => built.run(fatedUpTo(50), { session: await engine().session() }).collect()),
  );
  const counts = collected.map(({ stats }) => stats.stages.featurize?.cache);
  expect(counts.reduce((sum, each) => sum + (each?.misses ?? 0), 0)).toBe(50);
  expect(writes.flat()).toHaveLength(50);
  for (const { outputs } of collected)
    expect(outputs.default.map(({ payload }) => payload)).toEqual(labelsOf(upTo(50)));
});
