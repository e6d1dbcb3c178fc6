import type { EngineEvents, RunEvents } from "./events.js";
import { RunTrace } from "./run-trace.js";
import { currentTracer } from "./scope.js";

/** The traces of the runs that are under way, by run; empty without an SDK. */
const traces = new Map<string, RunTrace>();

type Follow = { readonly [Name in keyof RunEvents]: (trace: RunTrace, event: RunEvents[Name]) => void };

const FOLLOW: Follow = {
  "run-start": () => {},
  "run-stop": (trace, event) => trace.runEnded(event),
  "run-failure": (trace, event) => trace.runEnded(event, event),
  "stage-start": (trace, event) => trace.stageStarted(event),
  "stage-stop": (trace, event) => trace.stageStopped(event),
  "stage-failure": (trace, event) => trace.stageFailed(event),
  "batch-start": (trace, event) => trace.batchStarted(event),
  "batch-stop": (trace, event) => trace.batchStopped(event),
  "batch-failure": (trace, event) => trace.batchFailed(event),
};

/** Makes the spans of runs, stages and batches. A run whose start no SDK has heard has none. */
export function traceEvent<Name extends keyof EngineEvents>(name: Name, event: EngineEvents[Name]): void {
  if (name === "run-start") start(event as RunEvents["run-start"]);
  else if (traces.size > 0 && isOfRun(name)) follow(name, event as RunEvents[typeof name]);
}

/** By its name: an event of a session may name a run as well. */
function isOfRun(name: keyof EngineEvents): name is keyof RunEvents {
  return name in FOLLOW;
}

/**
 * The `traceparent` of a batch between its start and its end, for what it is sent to: the span of the batch as W3C Trace Context writes it. Undefined
 * without an SDK.
 */
export function traceparentOf({
  run,
  stage,
  batch,
}: Pick<RunEvents["batch-start"], "run" | "stage" | "batch">): string | undefined {
  return traces.get(run)?.traceparent({ stage, batch });
}

function start(event: RunEvents["run-start"]): void {
  const tracer = currentTracer();
  const trace = tracer && RunTrace.start(tracer, event);
  if (trace !== undefined) traces.set(event.run, trace);
}

function follow<Name extends keyof RunEvents>(name: Name, event: RunEvents[Name]): void {
  const trace = traces.get(event.run);
  if (trace === undefined) return;
  FOLLOW[name](trace, event);
  if (trace.isComplete) traces.delete(event.run);
}
