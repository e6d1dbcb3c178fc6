import type { StagePlan } from "../../plan/plan.js";
import type { Wait } from "../../stage/contract.js";
import type { RunStatus } from "../../telemetry/events.js";
import type { CrossingTimes } from "../crossings.js";

/** Where the time of a run went: plain data, which JSON does not change. Times are in milliseconds; what goes on at the same time overlaps. */
export interface RunExplanation extends MeasuredRun {
  /** What kept the run from being faster. */
  readonly limit: RunLimit;
}

/** What was measured of a run. */
export interface MeasuredRun {
  readonly run: string;
  readonly pipe: string;
  readonly status: RunStatus;
  /** From the first pull to the end. */
  readonly durationMs: number;
  /** Records taken from the input, and given to the consumer. */
  readonly in: number;
  readonly out: number;
  /** Waiting for records of the input; a synchronous one makes them then. */
  readonly inputMs: number;
  /** The time in which a stage, or a part of one, waited for something else than its input and its work. */
  readonly waits: Readonly<Record<Wait, number>>;
  /** Waiting for the consumer to ask for more; left out where nothing was given piece by piece, as for `collect()`. */
  readonly consumerMs?: number;
  /** The share of the run in which Node's event loop was busy, with this run or anything else; left out where that is not known. */
  readonly loop?: number;
  /** Left out where there were no trips. */
  readonly python?: MeasuredPython;
  readonly stages: readonly MeasuredStage[];
  readonly trips: readonly MeasuredTrips[];
  /** Batches that failed; their time is in no other number. */
  readonly failed: { readonly batches: number; readonly durationMs: number };
}

/** What the Python of a run did, all its trips taken together. */
export interface MeasuredPython {
  /** How many shared the work; left out on an engine without processes, where Node does it. */
  readonly processes?: number;
  /** Reading messages, in functions, and writing answers: the sum over all processes. */
  readonly workMs: number;
  /** The time in which at least one of them worked. */
  readonly anyMs: number;
  /** The time in which a message was there, and none of them worked for the run: on its way, or waiting for other work of the session. */
  readonly waitedMs: number;
}

/** What a stage did. */
export interface MeasuredStage {
  readonly stage: string;
  readonly kind: StagePlan["kind"];
  readonly in: number;
  readonly out: number;
  /** In its function, also waiting there; several records at once count as several. Left out for a tap that has its time in a trip. */
  readonly workMs?: number;
  /** How many records it may work on at once; left out for python stages. */
  readonly atOnce?: number;
  /** Whether it has a rate limit, or is stateful. */
  readonly rateLimited?: true;
  readonly stateful?: true;
}

/** The answered trips of a stage, or of stages that made one trip, added up. The parts of `times` make up `durationMs`. */
export interface MeasuredTrips {
  /** The python stages, in their order. */
  readonly stages: readonly string[];
  /** The taps between them. */
  readonly taps: readonly string[];
  /** What the function of each tap was at work; several batches at once count as several. */
  readonly tapWorkMs: readonly number[];
  /** How many of them could be in flight at once, where `inFlight.perStage` bounds that; else left out. */
  readonly perStage?: number;
  readonly trips: number;
  readonly rows: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Of all trips, from the request to the end of the taps; those in flight together overlap. */
  readonly durationMs: number;
  /** `computeMs` by stage. */
  readonly times: CrossingTimes;
  /** The time in which taps were at work for at least one of them. */
  readonly tapsMs: number;
}

/** What kept a run from being faster, as far as the numbers say. */
export interface RunLimit {
  /**
   * `python`: its processes worked. `node`: the event loop was busy. `stage`: a function in Node was waited for. `input`, `consumer`: these were waited for.
   * `session`: batches waited for its process, which did other work or came back. `none`: nothing was at work for more than half of the run.
   */
  readonly kind: "python" | "node" | "stage" | "input" | "consumer" | "session" | "none";
  /** The stage that has most of it, where there is one. */
  readonly stage?: string;
  /** For what share of the run. */
  readonly share: number;
  /** What the run could gain by more replicas; left out where they would not help, or are not what it is about. */
  readonly replicas?: ReplicaForecast;
  /** All of it in words. */
  readonly sentence: string;
}

/** What the run could come to with so many replicas: the share of its time that it would take at best. */
export interface ReplicaForecast {
  readonly replicas: number;
  readonly time: number;
}
