import { pipe, type Session } from "slither-ts";
import type { Featurized, Prediction, RawRecord } from "../examples/ml-scoring/scoring-pipe.js";
import { benchEngine } from "./engine.js";
import { type Benchmark, median, ratioOf } from "./measure.js";
import type { Row } from "./results.js";
import { MODEL, SEED, train } from "./trained.js";

/** Scoring through the pipe, beside the same Python functions called in their process, in turns. */
export const scoring: Benchmark = {
  title: "Scoring: enrich, featurize, predict, route; ledger and events on",
  note: "thousand records a second, when V8 has compiled what it compiles; ratio = pipe / limit; limit = the Python functions called in-process; not fused: featurize and predict make a trip each",
  async run({ quick }) {
    const rows: Row[] = [];
    for (const fuse of [true, false]) {
      for (const sessions of [1, 2]) {
        for (const batchSize of [100, 1_000]) rows.push(await compare(sessions, { batchSize, fuse }, quick));
      }
    }
    return rows;
  },
};

const RECORDS = 20_000;

interface Kind {
  readonly batchSize: number;
  readonly fuse: boolean;
}

async function compare(count: number, kind: Kind, quick: boolean): Promise<Row> {
  const { batchSize, fuse } = kind;
  const [warmUps, rounds, total] = quick ? [1, 3, 20_000] : [5, 5, 200_000];
  await using engine = await benchEngine();
  const sessions = await Promise.all(Array.from({ length: count }, () => engine.session()));
  await Promise.all(sessions.map(train));
  const records = await (sessions[0] as Session).call<RawRecord[]>("datasets", "records_to_score", [
    RECORDS,
    SEED,
  ]);
  const input = Array.from({ length: total }, (_, index) => records[index % records.length] as RawRecord);

  const made = scoringPipe(kind);
  const inProcess = async (): Promise<number> => {
    const args = [RECORDS, SEED, MODEL, batchSize, total / RECORDS];
    const rates = await Promise.all(
      sessions.map((session) => session.call<number>("limit", "score_in_process", args)),
    );
    return rates.reduce((sum, rate) => sum + rate, 0);
  };
  const throughPipe = async (): Promise<number> => {
    const began = performance.now();
    await Promise.all(sessions.map((session) => score(made, input, session)));
    return (count * total * 1_000) / (performance.now() - began);
  };

  await inProcess();
  for (let warmUp = 0; warmUp < warmUps; warmUp++) await throughPipe();
  const measured = { limit: [] as number[], pipe: [] as number[], ratio: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const [limit, pipe] = [await inProcess(), await throughPipe()];
    measured.limit.push(limit);
    measured.pipe.push(pipe);
    measured.ratio.push(pipe / limit);
  }
  return {
    name: `${count} session${count > 1 ? "s" : ""}, batch ${batchSize}${fuse ? "" : ", not fused"}`,
    figures: { limit: median(measured.limit) / 1_000, pipe: median(measured.pipe) / 1_000 },
    ratio: ratioOf("higher", measured.ratio),
  };
}

function scoringPipe({ batchSize: size, fuse }: Kind) {
  const batch = { size };
  return pipe<RawRecord>("bench", { id: (record) => record.id })
    .node("enrich", (record) => ({ id: record.id, model_id: MODEL, data: record.data }))
    .python<Featurized>("featurize", { module: "ml_scorer", function: "featurize_batch", batch })
    .python<Prediction>("predict", { module: "ml_scorer", function: "predict_batch", batch, fuse })
    .route("route", [
      ["high_confidence", (item) => item.confidence >= 0.9],
      ["low_confidence", (item) => item.confidence < 0.6],
    ])
    .onError("*", "reject");
}

async function score(
  scoring: ReturnType<typeof scoringPipe>,
  records: readonly RawRecord[],
  session: Session,
): Promise<void> {
  const run = scoring.run(records, { session });
  let taken = 0;
  for await (const batch of run.batches()) taken += batch.length;
  if (taken !== records.length) throw new Error(`expected ${records.length} records out, got ${taken}`);
}
