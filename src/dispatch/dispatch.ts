import { Flow } from "./flow.js";
import type { Outcome } from "./judge.js";
import type { DispatchOptions } from "./options.js";

/**
 * Batching and bounded work in flight, in front of something that takes batches.
 *
 *     chunks ──▶ intake ──▶ (rate limit) ──▶ strategy ──▶ in flight ──▶ order ──▶ outcomes
 *
 * Pulls when there is room for a batch, gives back in the order of the input, or as each is done. An answer is not held up by a slow input, nor the next
 * batch by a slow answer. A batch that fails, and is tried again or searched, keeps its place in the order and lets others go on meanwhile. When the
 * input fails, what came before it is finished and given back first.
 */
export async function* dispatch<Record, Result>(
  upstream: AsyncIterable<readonly Record[]>,
  options: DispatchOptions<Record, Result>,
): AsyncGenerator<Outcome<Record, Result>[]> {
  const flow = new Flow(upstream, options);
  try {
    while (true) {
      flow.advance();
      const outcomes = flow.take();
      if (outcomes.length > 0) yield outcomes;
      else if (flow.failure !== undefined) {
        options.onFailure(flow.failure.error);
        throw flow.failure.error;
      } else if (flow.isDone) break;
      else await flow.change();
    }
    flow.throwInputFailure();
  } finally {
    await flow.end();
  }
}
