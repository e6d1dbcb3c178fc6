import { fixed } from "../../src/stage/batching.js";
import type { PythonStage } from "../../src/stage/python-stage.js";

/** A python stage with batches of so many records, as the options would have it. */
export function pythonStage(batchSize: number, changes: Partial<PythonStage> = {}): PythonStage {
  return {
    kind: "python",
    name: "stage",
    module: "model",
    function: "predict",
    batching: fixed(batchSize),
    inFlight: { perProcess: 2 },
    buffer: { bytes: 2 ** 26 },
    each: false,
    timeoutMs: 1_500,
    stateful: false,
    ...changes,
  };
}
