import { local, NdArray, pipe } from "slither-ts";
import type { Prediction } from "../../examples/ml-scoring/scoring-pipe.js";
import { type Contestant, PYTHON_PATH, type ScoreItem } from "./contestant.js";

/** By default two. Eight of 100 take Python past the pauses of Node's collector, who has all results to keep here. */
const IN_FLIGHT = { perProcess: 8 };

/** This library, on the interpreter that its peers run on; with its ledger and its events. */
export async function openSlither(interpreter: string): Promise<Contestant & { items: ScoreItem[] }> {
  const engine = await local({ python: interpreter, pythonPath: PYTHON_PATH });
  const session = await engine.session();
  const pipes = new Map<number, ReturnType<typeof scoringPipe>>();
  return {
    name: "slither-ts",
    items: await session.call<ScoreItem[]>("peer_work", "items_to_score", [20_000]),
    noop: () => session.call("peer_work", "noop"),
    async score(items, size) {
      const scoring = pipes.get(size) ?? scoringPipe(size);
      pipes.set(size, scoring);
      const predictions: Prediction[] = [];
      for await (const batch of scoring.run(items, { session }).batches())
        for (const { payload } of batch) predictions.push(payload);
      return predictions;
    },
    sum: (values) => session.call("peer_work", "sum_of", [new NdArray("float64", [values.length], values)]),
    async [Symbol.asyncDispose]() {
      await engine.close();
    },
  };
}

function scoringPipe(size: number) {
  return pipe<ScoreItem>("peers", { id: (item) => String(item.id) })
    .python<Prediction>("score", {
      module: "peer_work",
      function: "score_batch",
      batch: { size },
      inFlight: IN_FLIGHT,
    })
    .onError("score", "reject");
}
