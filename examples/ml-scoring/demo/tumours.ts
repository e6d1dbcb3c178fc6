// Real records: 569 tumours with 30 measurements each, half to train and half to score; session A sees all measurements, session B the first ten.
import type { Session } from "slither-ts";
import { featureCache, type Prediction, type RawRecord, scoringPipe } from "../scoring-pipe.js";
import { step } from "./progress.js";
import type { TrainingSet } from "./synthetic.js";

const SEED = 7;

interface Tumour extends RawRecord {
  readonly truth: string;
}

interface TumourData {
  readonly feature_names: readonly string[];
  readonly train: Omit<TrainingSet, "feature_names">;
  readonly records: readonly Tumour[];
}

/** How many records went to an output, and how often the model was right about them. */
export interface RouteResult {
  readonly records: number;
  /** Null where there are no records. */
  readonly accuracy: number | null;
}

export interface TumourSession {
  readonly id: string;
  readonly measurements: number;
  /** How many records there were to score. */
  readonly records: number;
  readonly rejected: number;
  readonly accuracy: number;
  readonly routes: Readonly<Record<"high_confidence" | "default" | "low_confidence", RouteResult>>;
}

export interface TumourResult {
  readonly records: number;
  readonly sessions: readonly TumourSession[];
}

export async function scoreTumours(a: Session, b: Session): Promise<TumourResult> {
  step("scoring real tumours: session a with 30 measurements, session b with 10");
  const sessions = await Promise.all([scoreWith(a, 30), scoreWith(b, 10)]);
  const { records } = sessions[0] as TumourSession;
  return { records, sessions };
}

async function scoreWith(session: Session, measurements: number): Promise<TumourSession> {
  const data = await session.call<TumourData>("datasets", "tumours", [measurements, SEED]);
  const modelId = `tumours_${measurements}`;
  await session.call("ml_scorer", "train_model", [modelId, data.train.features, data.train.labels], {
    kwargs: { feature_names: data.feature_names, scale: true },
  });
  const metadata = { modelId, featureSet: modelId };
  const { outputs, rejected } = await scoringPipe(featureCache())
    .run(data.records, { session, metadata })
    .collect();
  const truth = new Map(data.records.map((record) => [record.id, record.truth]));
  const isRight = ({ id, prediction }: Prediction): boolean => prediction === truth.get(id);
  const all = Object.values(outputs)
    .flat()
    .map((item) => item.payload);
  const result = (items: readonly { payload: Prediction }[]): RouteResult => ({
    records: items.length,
    accuracy: share(items.map((item) => isRight(item.payload))),
  });
  return {
    id: session.id,
    measurements,
    records: data.records.length,
    rejected: rejected.length,
    accuracy: share(all.map(isRight)) ?? 0,
    routes: {
      high_confidence: result(outputs.high_confidence),
      default: result(outputs.default),
      low_confidence: result(outputs.low_confidence),
    },
  };
}

function share(right: readonly boolean[]): number | null {
  return right.length === 0 ? null : right.filter(Boolean).length / right.length;
}
