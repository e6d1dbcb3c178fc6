import { fixed } from "../../src/stage/batching.js";
import type { Operator, StageContext } from "../../src/stage/contract.js";
import { pythonOperator } from "../../src/stage/python.js";
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
    fuse: true,
    given: [],
    timeoutMs: 1_500,
    stateful: false,
    ...changes,
  };
}

/** What carries out a python stage that is not fused with any. */
export function oneStage(stage: PythonStage, context: StageContext): Operator {
  return pythonOperator([{ stage, context }]);
}
