import type { View } from "../views/view.js";
import type { DeclaredColumns } from "../wire/columns-infer.js";
import type { Batching } from "./batching.js";
import type { Cached } from "./cached.js";
import type { Pacing } from "./pacing.js";
import type { Schemas } from "./schema.js";

/** The plan of a python stage: a function of the run's session, which takes n payloads and gives back n results, in order; or one of them (`each`). */
export interface PythonStage extends Schemas, Pacing {
  readonly kind: "python";
  readonly name: string;
  readonly module: string;
  readonly function: string;
  readonly batching: Batching;
  /** How many batches are sent before the first is answered; `perStage` undefined: as many as the processes take. */
  readonly inFlight: { readonly perProcess: number; readonly perStage?: number | undefined };
  /** Whether the function takes one payload, and is called once for each of a batch. */
  readonly each: boolean;
  /** Whether the function takes and gives back columns; with the dtypes that they have, or are given by the first batch. */
  readonly columns?: boolean | DeclaredColumns | undefined;
  /** Where its results are kept. */
  readonly cache?: Cached | undefined;
  /** Whether it may make one trip with the python stage before it. */
  readonly fuse: boolean;
  /** The options that it was given, and not left at their defaults. */
  readonly given: readonly string[];
  /** What the function may ask: views, or names of those of the session. Left out: nothing. */
  readonly views?: readonly (View | string)[] | undefined;
  /** How long one batch may run. */
  readonly timeoutMs: number;
  /** Whether what it gives back may depend on the batches before: each is sent once, whole, and to the same process. */
  readonly stateful: boolean;
}
