import type { Ordering } from "../../dispatch/order.js";
import type { Concurrency } from "../../stage/concurrent-operator.js";
import type { ItemId } from "../../stage/item.js";
import { bufferOf } from "../../stage/pacing.js";
import { compare } from "../compare.js";
import { isAmong } from "../compare-rejections.js";
import { orderingOf } from "../keeps-order.js";
import { NONE } from "../leeway.js";
import { runTrial } from "../trial.js";
import { pythonStages, type Scenario, type Stand } from "./scenario.js";

/** Records of a synchronous input that travel together. */
const CHUNK_SIZE = 100;

/** Batches in trouble that a stage holds beside those in flight. */
const ASIDE = 8;

/** Records in a batch of a stage whose batching has no bound of its own. */
const MOST_ROWS = 10_000;

/** The consumer takes one item and then lets the run do whatever it does by itself: that must have an end. */
export const slowConsumer: Scenario = {
  run: async (stand) => {
    const most = mostAhead(stand);
    const products = productsOf(stand);
    let ahead = 0;
    const trial = await runTrial(stand.bench, {
      onItem: async (_item, { delivered, taken, quiet }) => {
        await quiet();
        ahead = Math.max(ahead, (products[taken] ?? 0) - delivered);
        return undefined;
      },
    });
    const differences = compare(stand.clean, trial, NONE);
    if (ahead <= most) return differences;
    return [
      ...differences,
      `expected at most ${most} items to be made ahead of a slow consumer, got the records of ${ahead} taken from the input`,
    ];
  },
};

/** How many items come of the first n records, for each n. */
function productsOf({ clean }: Stand): number[] {
  const places = new Map<ItemId, number>(clean.ids.map((id, place) => [id, place]));
  const counts: number[] = clean.ids.map(() => 0);
  for (const item of clean.items) {
    const place = places.get(item.id) ?? clean.ids.findIndex((id) => isAmong([id], item.id));
    if (place >= 0) counts[place] = (counts[place] as number) + 1;
  }
  let sum = 0;
  return [0, ...counts.map((count) => (sum += count))];
}

/** What the stages may hold at most: a chunk in and a chunk out for each, and what is in flight. */
function mostAhead(stand: Stand): number {
  const stages = pythonStages(stand);
  const width = stand.bench.replicas ?? 1;
  const sizes = stages.map(({ batching, buffer }) => batching.size ?? buffer.rows ?? MOST_ROWS);
  const chunk = Math.max(CHUNK_SIZE, ...sizes);
  const inFlight = stages.reduce(
    (sum, stage, index) => sum + (stage.inFlight.perProcess * width + ASIDE + 1) * (sizes[index] as number),
    0,
  );
  const made = Math.max(1, Math.ceil(stand.clean.items.length / Math.max(1, stand.clean.ids.length)));
  return (chunk * (stand.plan.stages.length + 2) + inFlight + heldByNode(stand)) * made;
}

/** What the node stages that work on several records at once may hold at most. */
function heldByNode({ plan }: Stand): number {
  return plan.stages.reduce((sum, stage) => {
    if (stage.kind !== "node" || stage.concurrent === undefined) return sum;
    return sum + heldBy(stage.concurrent, orderingOf(plan, stage.concurrent));
  }, 0);
}

/** In order, the record whose turn it is may take its time, and what comes after it is worked on meanwhile, as far as the buffer goes. */
function heldBy(concurrent: Concurrency, ordering: Ordering): number {
  const { rows } = bufferOf(concurrent, concurrent.concurrency, 1);
  return ordering === "preserve" ? rows : Math.min(concurrent.concurrency + ASIDE, rows);
}
