import { setTimeout as delay } from "node:timers/promises";
import { pipe, type Session } from "slither-ts";
import type { Featurized } from "../examples/ml-scoring/scoring-pipe.js";
import { benchEngine } from "./engine.js";
import { collectGarbage } from "./garbage.js";
import type { Benchmark } from "./measure.js";
import { childrenOf, parentOf, proportionalMegabytes } from "./sessions/processes.js";
import { MODEL, train } from "./trained.js";

/** By then every buffer is as full as it gets. */
const SETTLED = 100_000;
const BATCH = 1_000;
/** Longer than Python needs for a batch: what comes in faster than it goes out would pile up. */
const PAUSE_MS = 10;
const MEGABYTE = 2 ** 20;

/** What a long run holds on to: nothing. Its input is made as it is asked for, and its outputs are taken slowly. */
export const memory: Benchmark = {
  title: "Memory of a run over 5,000,000 records from a generator, with a slow consumer",
  note: `megabytes after a garbage collection, when ${SETTLED.toLocaleString("en")} records were taken and at the end; Python: PSS of all its processes; one Python stage, batches of 1,000, the consumer waits ${PAUSE_MS} ms after each`,
  async run({ quick }) {
    const total = quick ? 500_000 : 5_000_000;
    await using engine = await benchEngine();
    const session = await engine.session({ checkpoint: "manual" });
    await train(session);
    const featurize = pipe<object>("memory").python<Featurized>("featurize", {
      module: "ml_scorer",
      function: "featurize_batch",
      batch: { size: BATCH },
    });
    const run = featurize.run(records(total), { session });
    let taken = 0;
    let settled: Memory | undefined;
    for await (const batch of run.batches()) {
      taken += batch.length;
      await delay(PAUSE_MS);
      if (settled === undefined && taken >= SETTLED) settled = memoryOf(session);
    }
    if (taken !== total || settled === undefined)
      throw new Error(`expected ${total} records out, got ${taken}`);
    const start = settled;
    const end = memoryOf(session);
    return (["Node, resident", "Node, heap", "Python"] as const).map((name) => ({
      name,
      figures: { records: total, settled: start[name], end: end[name], growth: end[name] - start[name] },
    }));
  },
};

type Memory = Readonly<Record<"Node, resident" | "Node, heap" | "Python", number>>;

function memoryOf(session: Session): Memory {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  const forkserver = parentOf(session.pid as number);
  return {
    "Node, resident": rss / MEGABYTE,
    "Node, heap": heapUsed / MEGABYTE,
    Python: proportionalMegabytes([forkserver, ...childrenOf(forkserver)]),
  };
}

function* records(count: number): Generator<object> {
  for (let index = 0; index < count; index++) {
    const data = { f1: index / 3, f2: index / 5, f3: index / 7, f4: index / 11 };
    yield { id: `record-${index}`, model_id: MODEL, data };
  }
}
