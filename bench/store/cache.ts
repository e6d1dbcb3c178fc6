import {
  featureCache,
  type RawRecord,
  type ScoringMetadata,
  scoringPipe,
} from "../../examples/ml-scoring/scoring-pipe.js";
import { benchEngine } from "../engine.js";
import { type Benchmark, median } from "../measure.js";
import type { Row } from "../results.js";
import { MODEL, SEED, train } from "../trained.js";
import { inTurns } from "./in-turns.js";

const RECORDS = 20_000;

/** The pipe of the example, with a cache that knows nothing, and with one that knows every record, in turns. */
export const cache: Benchmark = {
  title: `Scoring ${RECORDS.toLocaleString("en")} records through the example's pipe, whose featurize has a cache`,
  note: "milliseconds; ratio = warm / cold; cold: nothing is known, and everything written; warm: every vector is known",
  async run({ quick }) {
    const rounds = quick ? 3 : 9;
    await using engine = await benchEngine();
    const session = await engine.session();
    await train(session);
    const records = await session.call<RawRecord[]>("datasets", "records_to_score", [RECORDS, SEED]);
    const metadata: ScoringMetadata = { modelId: MODEL, featureSet: "bench" };
    const score = async (pipe: ReturnType<typeof scoringPipe>): Promise<number> => {
      const began = performance.now();
      let taken = 0;
      for await (const items of pipe.run(records, { session, metadata }).batches()) taken += items.length;
      if (taken !== RECORDS) throw new Error(`expected ${RECORDS} records out, got ${taken}`);
      return performance.now() - began;
    };
    const known = scoringPipe(featureCache());
    await score(known);
    const { cold, warm } = await inTurns(rounds, {
      cold: () => score(scoringPipe(featureCache())),
      warm: () => score(known),
    });
    const rows: Row[] = [
      { name: "cold cache", figures: { run: median(cold.rounds) } },
      { name: "warm cache", figures: { run: median(warm.rounds) }, ratio: warm.ratio },
    ];
    return rows;
  },
};
