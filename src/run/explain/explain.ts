import { availableParallelism } from "node:os";
import { type Readable, readable } from "../../plan/readable.js";
import type { RunExplanation } from "./explanation.js";
import { limitOf } from "./limit.js";
import { type EndedRun, measured } from "./measured.js";
import { explainRunText } from "./text.js";

/** Tells where the time of a run went, when it is asked, and each time the same. */
export function explainer(ended: EndedRun): () => Readable<RunExplanation> {
  let explanation: Readable<RunExplanation> | undefined;
  return () => {
    explanation ??= explained(ended);
    return explanation;
  };
}

function explained(ended: EndedRun): Readable<RunExplanation> {
  const numbers = measured(ended);
  return readable({ ...numbers, limit: limitOf(numbers, availableParallelism()) }, explainRunText);
}
