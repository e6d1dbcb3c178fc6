// Two models on two sessions, trained at the same time, and the same records scored through both at the same time, twice.
import type { Engine, Item, Ledger, Session } from "slither-ts";
import {
  type FeatureCache,
  featureCache,
  type Prediction,
  type RawRecord,
  scoringPipe,
  vectorKey,
} from "../scoring-pipe.js";
import { Progress, step } from "./progress.js";

const RECORDS = 2_000;
const TRAINING_SAMPLES = 2_000;
const CACHED_VECTORS = 10;
const SEED = 42;

export interface TrainingSet {
  readonly features: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly feature_names: readonly string[];
}

export interface ModelInfo {
  readonly id: string;
  readonly accuracy: number;
  readonly classes: readonly unknown[];
  readonly n_features: number;
  readonly n_samples: number;
}

export interface ScoredRun {
  readonly items: readonly Item<Prediction>[];
  readonly ledger: Ledger;
  readonly rejected: number;
  readonly cacheHits: number;
  readonly recordsPerSecond: number;
}

/** What one session did. */
export interface ScoredSession {
  readonly session: Session;
  readonly training: TrainingSet;
  readonly model: ModelInfo;
  readonly first: ScoredRun;
  readonly second: ScoredRun;
}

export interface Synthetic {
  readonly records: readonly RawRecord[];
  /** Feature vectors that were in each cache beforehand, by record. */
  readonly cached: ReadonlyMap<RawRecord, readonly number[]>;
  readonly sessions: readonly [ScoredSession, ScoredSession];
}

export async function scoreSynthetic(engine: Engine): Promise<Synthetic> {
  step(`making two training sets of ${TRAINING_SAMPLES} samples and ${RECORDS} records to score`);
  await using maker = await engine.session({ id: "data" });
  const [trainingA, trainingB, records, vectors] = await Promise.all([
    maker.call<TrainingSet>("datasets", "training_samples", ["a", TRAINING_SAMPLES, SEED]),
    maker.call<TrainingSet>("datasets", "training_samples", ["b", TRAINING_SAMPLES, SEED]),
    maker.call<RawRecord[]>("datasets", "records_to_score", [RECORDS, SEED]),
    maker.call<number[][]>("datasets", "random_vectors", [CACHED_VECTORS, SEED]),
  ]);
  const cached = new Map(vectors.map((vector, index) => [records[index] as RawRecord, vector]));

  step("training two models on two sessions at the same time");
  const trained = await Promise.all([train(engine, "a", trainingA), train(engine, "b", trainingB)]);

  step("scoring the same records through both at the same time, then once more with every vector cached");
  const progress = new Progress();
  const [a, b] = await Promise.all(
    trained.map(async ({ session, training, model }) => {
      const cache = await filledCache(cached);
      const bar = progress.add(`session ${session.id}`, 2 * RECORDS);
      const first = await score(session, model.id, cache, records, () => bar.increment());
      const second = await score(session, model.id, cache, records, () => bar.increment());
      return { session, training, model, first, second };
    }),
  );
  progress.end();
  return { records, cached, sessions: [a as ScoredSession, b as ScoredSession] };
}

export const FEATURE_SET = "f1-f4";

async function train(
  engine: Engine,
  id: string,
  training: TrainingSet,
): Promise<{ session: Session; training: TrainingSet; model: ModelInfo }> {
  const { features, labels, feature_names } = training;
  const args = [`model_${id}`, features, labels];
  let model: ModelInfo | undefined;
  // In `setup`, so that the session can come back from a crash on every system: where processes cannot be forked, by training again.
  const setup = async (session: Session): Promise<void> => {
    model = await session.call<ModelInfo>("ml_scorer", "train_model", args, { kwargs: { feature_names } });
  };
  const session = await engine.session({ id, setup });
  return { session, training, model: model as unknown as ModelInfo };
}

/** A cache with vectors that are known beforehand. */
export async function filledCache(cached: Synthetic["cached"]): Promise<FeatureCache> {
  const cache = featureCache();
  await cache.vectors.putMany(
    Array.from(cached, ([{ data }, vector]) => [vectorKey(FEATURE_SET, data), vector]),
  );
  return cache;
}

/** The records through a session's model; `onItem` is called for each that is through. */
export async function score(
  session: Session,
  modelId: string,
  cache: FeatureCache,
  records: readonly RawRecord[],
  onItem: () => void,
): Promise<ScoredRun> {
  const run = scoringPipe(cache).run(records, { session, metadata: { modelId, featureSet: FEATURE_SET } });
  const items: Item<Prediction>[] = [];
  for await (const item of run) {
    items.push(item);
    onItem();
  }
  const { ledger, rejected, stats } = await run.done;
  const cacheHits = stats.stages.featurize?.cache?.hits ?? 0;
  return { items, ledger, rejected: rejected.length, cacheHits, recordsPerSecond: stats.recordsPerSecond };
}
