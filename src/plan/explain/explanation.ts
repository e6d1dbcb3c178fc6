import type { Ordering } from "../../dispatch/order.js";
import type { GraphPythonStage } from "../graph/node.js";

/** How a pipe is carried out: plain data, which JSON does not change. */
export interface PipeExplanation {
  readonly name: string;
  /** How many trips to Python a record of the main line makes, if nothing sends it elsewhere. */
  readonly trips: number;
  /** What carries out the stages, in their order: each takes chunks of records from the one before it. */
  readonly operators: readonly ExplainedOperator[];
}

/** One stage, or python stages that make one trip, with the taps between them. */
export interface ExplainedOperator {
  readonly stages: readonly ExplainedStage[];
  /** How it takes and gives back records; left out where it takes one after the other. */
  readonly dispatch?: ExplainedDispatch;
  /** How its records cross the border; left out for what stays in Node. */
  readonly trip?: ExplainedTrip;
}

/** A stage in the explanation. What says nothing of a stage of its kind is left out. */
export interface ExplainedStage {
  readonly name: string;
  readonly kind: "node" | "tap" | "python" | "route" | "merge";
  /** The output whose records it works on: `default` on the main line. */
  readonly line: string;
  /** What happens to records that fail, as in `pipe.graph()`. */
  readonly policy?: string;
  /** Whether it checks what goes in and out, of `node` and `python`. */
  readonly schemas?: { readonly input: boolean; readonly output: boolean };
  /** How it is cached, of `node` and `python`, as in `pipe.graph()`; left out where it is not. */
  readonly cache?: { readonly maxAgeMs?: number; readonly overAge?: string };
  /** Of `node`: how many records it works on at once. */
  readonly concurrency?: number;
  /** Of `tap`: whether a function picks the records that it sees; else it sees all. */
  readonly picks?: boolean;
  /** Of `python`: what is called. */
  readonly module?: string;
  readonly function?: string;
  /** Of `python`: whether the function takes one record, and not a batch. */
  readonly each?: boolean;
  /** Of `python`: there where the function takes and gives back columns. */
  readonly columns?: true;
  readonly stateful?: boolean;
  /** Of `python`: how long one batch may run. */
  readonly timeoutMs?: number;
  /** Of `python`: the names of the views that the function may ask; left out where there are none. */
  readonly views?: readonly string[];
}

/** How a stage that works on several records at once takes and gives them back. */
export interface ExplainedDispatch {
  readonly ordering: Ordering;
  /** How much it holds; `rows` left out: 10,000, or four batches for each that may be in flight where that is more. */
  readonly buffer: { readonly rows?: number; readonly bytes: number };
  /** As in `pipe.graph()`. */
  readonly rateLimit?: { readonly limit: number; readonly intervalMs: number; readonly keyed: boolean };
}

/** One trip to Python and back. */
export interface ExplainedTrip {
  readonly batching: GraphPythonStage["batching"];
  /** How many batches are under way at once; `perStage` left out: as many as the processes take. */
  readonly inFlight: { readonly perProcess: number; readonly perStage?: number };
  /** Whose results come home: those of the last stage, and in between what taps are to see; all else stays in Python. */
  readonly home: readonly ExplainedReturn[];
  /** Why it is not one trip with the python stage before it; left out where there is none. */
  readonly apart?: { readonly from: string; readonly reason: string };
}

/** What comes home with the answer: the results of a stage. */
export interface ExplainedReturn {
  readonly stage: string;
  /** The tap that sees them; left out for the results of the trip. */
  readonly tap?: string;
  /** There where they come home for the cache of the stage: those that it did not have. */
  readonly cache?: true;
}
