import { availableParallelism } from "node:os";
import { type Readable, readable } from "../../plan/readable.js";
import type { MeasuredRun, RunExplanation } from "./explanation.js";
import { limitOf } from "./limit.js";
import { type EndedRun, measured } from "./measured.js";
import { explainRunText } from "./text.js";

/** Tells where the time of a run went, when it is asked, and each time the same. The numbers are taken now: what the run has left behind may still be at work. */
export function explainer(ended: EndedRun): () => Readable<RunExplanation> {
  const numbers = measured(ended);
  let explanation: Readable<RunExplanation> | undefined;
  return () => {
    explanation ??= explained(numbers);
    return explanation;
  };
}

function explained(numbers: MeasuredRun): Readable<RunExplanation> {
  return readable({ ...numbers, limit: limitOf(numbers, availableParallelism()) }, explainRunText);
}
