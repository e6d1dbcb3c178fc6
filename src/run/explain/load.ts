import type { StagePlan } from "../../plan/plan.js";
import { isThenable } from "../../stage/item-operator.js";
import type { NodeStage } from "../../stage/node.js";

/** How long the function of a stage was at work. */
export class Load {
  #ms = 0;
  #working = 0;
  #since = 0;

  /** It was at work for so long. */
  add(durationMs: number): void {
    this.#ms += durationMs;
  }

  /** It takes one more record. */
  begin(): void {
    this.#change(1);
  }

  /** It is done with one. */
  end(): void {
    this.#change(-1);
  }

  /** In milliseconds; two records for which it is at work at once count as two. */
  get ms(): number {
    return this.#ms + this.#working * (performance.now() - this.#since);
  }

  #change(by: number): void {
    const now = performance.now();
    this.#ms += this.#working * (now - this.#since);
    this.#working += by;
    this.#since = now;
  }
}

/**
 * A stage that notes when its function is at work, where it works on several records at once, or has a cache before it. Of any other its operator measures whole
 * chunks, which costs nothing for each record.
 */
export function metered(stage: StagePlan, load: Load): StagePlan {
  if (stage.kind !== "node" || (stage.concurrent ?? stage.cache) === undefined) return stage;
  const run: NodeStage["run"] = (payload, context) => {
    load.begin();
    let result: unknown;
    try {
      result = stage.run(payload, context);
    } catch (error) {
      load.end();
      throw error;
    }
    // Its `then` may be what starts it, and is called once.
    if (isThenable(result)) return Promise.resolve(result).finally(() => load.end());
    load.end();
    return result;
  };
  return { ...stage, run };
}
