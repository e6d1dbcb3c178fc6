import { columnsOf, pipe, type Session } from "slither-ts";
import { benchEngine } from "./engine.js";
import { type Benchmark, median, ratioOf } from "./measure.js";
import { MODEL, train } from "./trained.js";

const BATCH = 1_000;

interface Features {
  readonly f1: number;
  readonly f2: number;
  readonly f3: number;
  readonly f4: number;
}

interface Scores {
  readonly prediction: number;
  readonly confidence: number;
}

/** A `columns: true` stage that predicts, read as columns, beside the same function called on arrays in its process, in turns. */
export const columns: Benchmark = {
  title:
    "Columns: objects with four numbers from a lazy source, a model's predictions back as arrays; batches of 1,000",
  note: "thousand records a second; ratio = pipe / limit; limit = the Python function called in-process on ready arrays",
  async run({ quick }) {
    const [rounds, total] = quick ? [3, 200_000] : [7, 2_000_000];
    await using engine = await benchEngine();
    const session = await engine.session();
    await train(session);
    const measured = { limit: [] as number[], pipe: [] as number[], ratio: [] as number[] };
    for (let round = -1; round < rounds; round++) {
      const limit = await session.call<number>("limit", "score_columns_in_process", [MODEL, BATCH, total]);
      const pipe = await score(session, total);
      // The first round brings pages and code in.
      if (round === -1) continue;
      measured.limit.push(limit);
      measured.pipe.push(pipe);
      measured.ratio.push(pipe / limit);
    }
    return [
      {
        name: "columns, batch 1000",
        figures: { limit: median(measured.limit) / 1_000, pipe: median(measured.pipe) / 1_000 },
        ratio: ratioOf("higher", measured.ratio),
      },
    ];
  },
};

async function score(session: Session, total: number): Promise<number> {
  const scoring = pipe<Features>("columns").python<Scores>("predict", {
    module: "limit",
    function: "score_columns",
    columns: true,
    batch: { size: BATCH },
  });
  const began = performance.now();
  let taken = 0;
  for await (const items of scoring.run(features(total), { session }).batches()) {
    const { confidence } = columnsOf(items);
    taken += confidence.length;
  }
  if (taken !== total) throw new Error(`expected ${total} records out, got ${taken}`);
  return (total * 1_000) / (performance.now() - began);
}

function* features(total: number): Generator<Features> {
  for (let index = 0; index < total; index++) {
    const f1 = index % 1_000;
    yield { f1, f2: f1 / 3, f3: -f1, f4: f1 / 7 };
  }
}
