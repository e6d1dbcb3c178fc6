import type { Schemas } from "./schema.js";

/** The plan of a python stage: a batch function of the run's session, which takes n payloads and gives back n results, in order. */
export interface PythonStage extends Schemas {
  readonly kind: "python";
  readonly name: string;
  readonly module: string;
  readonly function: string;
  readonly batchSize: number;
  /** How long one batch may run. */
  readonly timeoutMs: number;
  /** Whether what it gives back may depend on the batches before: each is sent once, whole, and to the same process. */
  readonly stateful: boolean;
}
