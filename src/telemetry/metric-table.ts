import type { AttributeKey } from "./attributes.js";

interface MetricEntry {
  readonly name: string;
  /** The observed ones are asked for when they are collected, and cost nothing in between. */
  readonly instrument: "counter" | "histogram" | "observed counter" | "observed up-down counter";
  readonly unit: string;
  readonly what: string;
  readonly attributes: readonly AttributeKey[];
  /** Where the buckets of a histogram end, unless a view says otherwise. */
  readonly buckets?: readonly number[];
}

/** Seconds: from what a small batch takes to what a large model does. */
const SHORT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds: from a test to a night. */
const LONG = [0.1, 1, 10, 60, 300, 900, 3_600, 14_400, 43_200];
const SIZES = [1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** Every metric there is. docs/guides/telemetry.md is made from this. */
export const METRIC_TABLE = {
  runs: {
    name: "slither.runs",
    instrument: "counter",
    unit: "{run}",
    what: "runs that have ended",
    attributes: ["pipe", "status", "error"],
  },
  runDuration: {
    name: "slither.run.duration",
    instrument: "histogram",
    unit: "s",
    what: "from the first pull to the end of a run",
    attributes: ["pipe", "status", "error"],
    buckets: LONG,
  },
  records: {
    name: "slither.records",
    instrument: "observed counter",
    unit: "{record}",
    what: "records of stages, also of those that are at work",
    attributes: ["pipe", "stage", "outcome"],
  },
  batchDuration: {
    name: "slither.batch.duration",
    instrument: "histogram",
    unit: "s",
    what: "from handing a batch to its session to the answer or the failure, waiting in line included; of fused stages under the first one",
    attributes: ["pipe", "stage", "error"],
    buckets: SHORT,
  },
  batchCompute: {
    name: "slither.batch.compute.duration",
    instrument: "histogram",
    unit: "s",
    what: "the time of an answered batch inside the Python function of a stage",
    attributes: ["pipe", "stage"],
    buckets: SHORT,
  },
  batchSize: {
    name: "slither.batch.size",
    instrument: "histogram",
    unit: "{record}",
    what: "records of a batch; of fused stages under the first one",
    attributes: ["pipe", "stage"],
    buckets: SIZES,
  },
  sessions: {
    name: "slither.session.count",
    instrument: "observed up-down counter",
    unit: "{session}",
    what: "sessions that are open",
    attributes: [],
  },
  sessionStart: {
    name: "slither.session.start.duration",
    instrument: "histogram",
    unit: "s",
    what: "from asking for a session to its being ready, `setup` included",
    attributes: [],
    buckets: SHORT,
  },
  sessionFailures: {
    name: "slither.session.failures",
    instrument: "counter",
    unit: "{session}",
    what: "sessions that could not start, or were lost",
    attributes: ["error"],
  },
  recoveries: {
    name: "slither.session.recoveries",
    instrument: "counter",
    unit: "{recovery}",
    what: "times that a session whose worker died was brought back",
    attributes: ["from", "error"],
  },
  lostCalls: {
    name: "slither.session.lost_calls",
    instrument: "counter",
    unit: "{call}",
    what: "calls that had changed the state of a session, and were lost with its process",
    attributes: [],
  },
  recycles: {
    name: "slither.session.recycles",
    instrument: "counter",
    unit: "{recycle}",
    what: "times that a session got a fresh process for having reached a limit",
    attributes: ["from"],
  },
  checkpointDuration: {
    name: "slither.session.checkpoint.duration",
    instrument: "histogram",
    unit: "s",
    what: "how long the state of a session took to be kept",
    attributes: ["automatic"],
    buckets: SHORT,
  },
} as const satisfies Record<string, MetricEntry>;
