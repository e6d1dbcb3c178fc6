import { fileURLToPath } from "node:url";
import { local, type Rejection, type Session } from "slither-ts";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  featureCache,
  type RawRecord,
  scoringPipe,
  vectorKey,
} from "../../examples/ml-scoring/scoring-pipe.js";

const PYTHON_FOLDER = fileURLToPath(new URL("../../examples/ml-scoring/python", import.meta.url));
const METADATA = { modelId: "model", featureSet: "f1-f2" };

// Two features; the class is decided by the first.
const FEATURES = Array.from({ length: 40 }, (_, index) => [
  index < 20 ? -3 - index / 10 : 3 + index / 10,
  0.5,
]);
const LABELS = FEATURES.map(([first]) => ((first as number) < 0 ? "low" : "high"));

const good = (id: string, f1 = 4): RawRecord => ({ id, data: { f1, f2: 0.5 } });

let engine: Awaited<ReturnType<typeof local>>;
let session: Session;

beforeAll(async () => {
  engine = await local({ pythonPath: [PYTHON_FOLDER] });
  session = await engine.session({ id: "a" });
  const feature_names = ["f1", "f2"];
  await session.call("ml_scorer", "train_model", ["model", FEATURES, LABELS], { kwargs: { feature_names } });
});

afterAll(() => engine.close());

async function score(records: readonly unknown[], metadata = METADATA) {
  return scoringPipe(featureCache())
    .run(records as RawRecord[], { session, metadata })
    .collect();
}

describe("only the bad record is rejected, with the reason", () => {
  const among = async (record: unknown): Promise<Rejection> => {
    const { outputs, rejected, ledger } = await score([good("first"), record, good("last")]);
    expect(outputs.high_confidence.map((item) => item.id)).toEqual(["first", "last"]);
    expect(rejected).toHaveLength(1);
    expect(ledger).toMatchObject({ in: 3, out: 2, rejected: 1, unfinished: 0, balanced: true });
    return rejected[0] as Rejection;
  };

  it("a record without a field", async () => {
    const { id, stage, reason, traceback } = await among({ id: "bad", data: { f1: 1 } });
    expect({ id, stage }).toEqual({ id: "bad", stage: "featurize" });
    expect(reason).toContain("record bad: expected the fields f1, f2, got f1");
    expect(traceback).toContain("in _features_of");
  });

  it("a record with NaN", async () => {
    const { reason } = await among({ id: "bad", data: { f1: Number.NaN, f2: 1 } });
    expect(reason).toContain("record bad: expected f1 to be a finite number, got nan");
  });

  it("a record with text where a number belongs", async () => {
    const { reason } = await among({ id: "bad", data: { f1: "four", f2: 1 } });
    expect(reason).toContain("record bad: expected f1 to be a finite number, got 'four'");
  });

  it("a record with more features than the model", async () => {
    const { reason } = await among({ id: "bad", data: { f1: 1, f2: 1, f3: 1 } });
    expect(reason).toContain("record bad: expected the fields f1, f2, got f1, f2, f3");
  });

  it("a cached vector of another length than the model's", async () => {
    const cache = featureCache();
    const bad = good("bad", 5);
    await cache.vectors.put(vectorKey("f1-f2", bad.data), [1, 2, 3]);
    const { rejected } = await scoringPipe(cache)
      .run([good("first"), bad], { session, metadata: METADATA })
      .collect();
    expect(rejected.map(({ id, stage }) => [id, stage])).toEqual([["bad", "predict"]]);
    expect(rejected[0]?.reason).toContain("record bad: model model was trained on 2 features, got 3");
  });
});

it("an unknown model rejects every record with that reason, and routes none", async () => {
  const { outputs, rejected, ledger } = await score([good("one"), good("two")], {
    ...METADATA,
    modelId: "none",
  });
  expect(Object.values(outputs).flat()).toEqual([]);
  expect(rejected.map((rejection) => rejection.id)).toEqual(["one", "two"]);
  expect(rejected[0]?.reason).toContain("session a has no model 'none'; it has model");
  expect(ledger).toMatchObject({ in: 2, out: 0, rejected: 2, balanced: true });
});

it("the second run over the same records takes every vector from the cache, and scores the same", async () => {
  const cache = featureCache();
  const run = () =>
    scoringPipe(cache)
      .run([good("one"), good("two", 5)], { session, metadata: METADATA })
      .collect();
  const [first, second] = [await run(), await run()];
  const counts = ({ stats }: typeof first) => stats.stages.featurize?.cache;
  expect([counts(first), counts(second)]).toMatchObject([
    { hits: 0, misses: 2 },
    { hits: 2, misses: 0 },
  ]);
  expect(second.outputs.high_confidence.map((item) => item.payload)).toEqual(
    first.outputs.high_confidence.map((item) => item.payload),
  );
});

it("a record that comes again with other numbers is scored by these, and one with the same numbers by what is known", async () => {
  const cache = featureCache();
  const scored = async (record: RawRecord) => {
    const { outputs, stats } = await scoringPipe(cache)
      .run([record], { session, metadata: METADATA })
      .collect();
    const [item] = Object.values(outputs).flat();
    return [item?.payload.prediction, stats.stages.featurize?.cache?.hits];
  };
  expect(await scored(good("one", 4))).toEqual(["high", 0]);
  expect(await scored(good("one", -4))).toEqual(["low", 0]);
  expect(await scored({ id: "another", data: { f2: 0.5, f1: -4 } })).toEqual(["low", 1]);
});

it("records whose numbers are the same, and their fields not, have no vector in common", async () => {
  const { rejected } = await score([good("first"), { id: "bad", data: { f1: 4, f3: 0.5 } }]);
  expect(rejected.map(({ id, stage }) => [id, stage])).toEqual([["bad", "featurize"]]);
});

it("a batch is featurized and predicted in one trip to Python, from which only new vectors come home", async () => {
  const cache = featureCache();
  await cache.vectors.put(["f1-f2", "f1", 4, "f2", 0.5], [4, 0.5]);
  const putMany = vi.spyOn(cache.vectors, "putMany");
  const trips: string[] = [];
  const run = scoringPipe(cache).run([good("known"), good("new", 5)], { session, metadata: METADATA });
  run.on("batch-start", ({ stage, size }) => trips.push(`${stage}: ${size}`));
  const { ledger } = await run.collect();
  expect(trips).toEqual(["featurize: 2"]);
  expect(putMany.mock.calls).toEqual([
    [
      [
        [
          ["f1-f2", "f1", 5, "f2", 0.5],
          [5, 0.5],
        ],
      ],
    ],
  ]);
  expect(ledger.stages).toMatchObject({ featurize: { out: 2 }, predict: { out: 2 } });
});

it("columns that were trained in another order than that of their names are not mixed up", async () => {
  const swapped = FEATURES.map(([first, second]) => [second, first]);
  const kwargs = { feature_names: ["f2", "f1"] };
  await session.call("ml_scorer", "train_model", ["swapped", swapped, LABELS], { kwargs });
  const { outputs } = await score([good("one")], { ...METADATA, modelId: "swapped" });
  expect(outputs.high_confidence.map((item) => item.payload.prediction)).toEqual(["high"]);
});
