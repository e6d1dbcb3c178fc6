import type { BatchRequest } from "../../src/wire/request.js";

/** A batch of one stage, `score`, as a run sends it. */
export function batchRequest(
  payloads: readonly unknown[],
  module = "model",
  functionName = "predict",
): BatchRequest {
  const step = { stage: "score", module, function: functionName, form: "list" } as const;
  return { kind: "batch", steps: [step], payloads, taps: [] };
}
