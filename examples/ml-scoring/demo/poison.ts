// The proof that a bad record costs nothing but itself, also one that kills Python: three bad ones are put among the others.
import { pipe, type Rejection, WorkerDiedError } from "slither-ts";
import {
  BATCH_SIZE,
  type FeatureCache,
  type Featurized,
  knownVectors,
  type Prediction,
  type RawRecord,
  type ScoringMetadata,
} from "../scoring-pipe.js";
import { step } from "./progress.js";
import { FEATURE_SET, filledCache, type ScoredSession, type Synthetic } from "./synthetic.js";

export interface Poison {
  readonly records: number;
  /** What was rejected, by id, with the class or the signal. */
  readonly rejected: readonly { id: string; cause: string }[];
  readonly exactlyTheBadOnes: boolean;
  readonly sameOutputs: boolean;
  readonly balanced: boolean;
}

const KILLS = { crash: 1 };
const BAD: readonly RawRecord[] = [
  { id: "no-f4", data: { f1: 1, f2: 2, f3: 3 } },
  { id: "kills", data: KILLS },
  { id: "kills-too", data: { ...KILLS, again: 1 } },
];

export async function provePoison({ records, cached }: Synthetic, scored: ScoredSession): Promise<Poison> {
  const { session, model, second } = scored;
  step(
    `scoring on session ${session.id} with ${BAD.length} bad records among the others, two of which kill Python`,
  );
  const distance = Math.floor(records.length / BAD.length);
  const input = records.flatMap((record, index) => {
    const bad = index % distance === distance - 1 ? BAD[Math.floor(index / distance)] : undefined;
    return bad === undefined ? [record] : [bad, record];
  });
  const metadata = { modelId: model.id, featureSet: FEATURE_SET };
  const { outputs, rejected, ledger } = await fragilePipe(await filledCache(cached))
    .run(input, { session, metadata })
    .collect();
  const items = Object.values(outputs).flat();
  const expected = new Map(
    second.items.map(({ id, route, payload }) => [id, JSON.stringify([route, payload])]),
  );
  const isSame = ({ id, route, payload }: (typeof items)[number]): boolean =>
    expected.get(id) === JSON.stringify([route, payload]);
  return {
    records: input.length,
    rejected: rejected.map((rejection) => ({ id: String(rejection.id), cause: causeOf(rejection) })),
    exactlyTheBadOnes: rejected.map(({ id }) => id).join() === BAD.map(({ id }) => id).join(),
    sameOutputs: items.length === records.length && items.every(isSame),
    balanced: ledger.balanced && ledger.unfinished === 0,
  };
}

/** The scoring pipe with a stage before it that some records kill. */
function fragilePipe(features: FeatureCache) {
  const batch = { size: BATCH_SIZE };
  return pipe<RawRecord, ScoringMetadata>("fragile_scoring", { id: (record) => record.id })
    .python<RawRecord>("decode", { module: "decoder", function: "decode_batch", batch })
    .node("enrich", ({ id, data }, { metadata }) => ({ id, model_id: metadata.modelId, data }))
    .python<Featurized>("featurize", {
      module: "ml_scorer",
      function: "featurize_batch",
      batch,
      cache: knownVectors(features),
    })
    .python<Prediction>("predict", { module: "ml_scorer", function: "predict_batch", batch })
    .route("route_by_confidence", [
      ["high_confidence", (item) => item.confidence >= 0.9],
      ["low_confidence", (item) => item.confidence < 0.6],
    ])
    .onError("*", "reject");
}

function causeOf({ error }: Rejection): string {
  return error instanceof WorkerDiedError ? String(error.signal) : (error as Error).name;
}
