// The flagship pipe: enrich -> featurize -> predict -> route by confidence. Feature vectors that are known already skip the computing, new ones are
// remembered; the model stays in the Python session that trained it. Python featurizes and predicts in one trip: only vectors that are new come home.
import { cached, type NodeContext, pipe, store, table } from "slither-ts";

/** A record as it comes in. */
export interface RawRecord {
  readonly id: string;
  readonly data: Readonly<Record<string, number>>;
}

/** What a run must be told. */
export interface ScoringMetadata {
  /** The model, by the name it was trained under in the session. */
  readonly modelId: string;
  /** Names the features that the model takes; vectors of one set mean nothing to another. */
  readonly featureSet: string;
}

/** A record to featurize. */
export interface RawItem {
  readonly id: string;
  readonly model_id: string;
  readonly data: RawRecord["data"];
}

export interface Featurized {
  readonly id: string;
  readonly model_id: string;
  readonly features: readonly number[];
}

export interface Prediction<Class = unknown> {
  readonly id: string;
  readonly prediction: Class;
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>>;
}

/** What a feature vector is known by. */
export type VectorKey = readonly [featureSet: string, ...data: (string | number)[]];

/** All that a vector depends on: the feature set, and the fields of the record with their numbers. The same record with other numbers is another. */
export function vectorKey(featureSet: string, data: RawRecord["data"]): VectorKey {
  const names = Object.keys(data).sort();
  return [featureSet, ...names.flatMap((name) => [name, data[name] as number])];
}

/** Feature vectors: the 100,000 that were used last, for an hour each. */
export function featureCache() {
  return store("features", {
    vectors: table<VectorKey, readonly number[]>({ maxEntries: 100_000, ttl: "1h" }),
  });
}

export type FeatureCache = ReturnType<typeof featureCache>;

/** What of featurize is kept: the vector. The record and the model are those of the run. */
export function knownVectors({ vectors }: FeatureCache) {
  return cached(
    vectors,
    ({ data }: RawItem, { metadata }: NodeContext<object, ScoringMetadata>) =>
      vectorKey(metadata.featureSet, data),
    {
      keptOf: ({ features }: Featurized) => features,
      outputOf: (features, { id, model_id }): Featurized => ({ id, model_id, features }),
    },
  );
}

export const BATCH_SIZE = 100;

/** The scoring pipe of one session; it reads and fills `features`. */
export function scoringPipe(features: FeatureCache) {
  return pipe<RawRecord, ScoringMetadata>("ml_scoring", { id: (record) => record.id })
    .node("enrich", ({ id, data }, { metadata }): RawItem => ({ id, model_id: metadata.modelId, data }))
    .python<Featurized>("featurize", {
      module: "ml_scorer",
      function: "featurize_batch",
      batch: { size: BATCH_SIZE },
      cache: knownVectors(features),
    })
    .python<Prediction>("predict", {
      module: "ml_scorer",
      function: "predict_batch",
      batch: { size: BATCH_SIZE },
    })
    .route("route_by_confidence", [
      ["high_confidence", (item) => item.confidence >= 0.9],
      ["low_confidence", (item) => item.confidence < 0.6],
    ])
    .onError("*", "reject");
}
