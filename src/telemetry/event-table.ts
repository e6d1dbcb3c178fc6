import { event, field } from "./field.js";
import type { PythonStep } from "./python-step.js";

/**
 * Every event there is. The types in events.ts, the lists of names, and the tables of docs/guides/events.md come from here; a field that several
 * events of a table share is written once, above it. Durations are milliseconds on a monotonic clock.
 */

/** How a run ended: all records done, a failure, an abort signal, or before its input did, by the consumer's `break` or by `drain()`. */
export type RunStatus = "completed" | "halted" | "aborted" | "stopped";

const stream = field<"stdout" | "stderr">("where the line was written to");
const line = field<string>("without its end");

export const FORKSERVER_EVENT_TABLE = {
  "forkserver-log": event(
    "the forkserver wrote a line, for example while it imported the modules of `preload`; lines from before `local()` resolved come right after it",
    { stream, line },
  ),
};

const OF_SESSION = {
  session: field<string>("the id of the session"),
  pid: field<number | undefined>("the process that it has; undefined on an engine without processes"),
};

const from = field<"checkpoint" | "setup">("what its state was made from");

export const SESSION_EVENT_TABLE = {
  "session-start": event("a session is ready", {
    ...OF_SESSION,
    durationMs: field<number>("from the request to here, `setup` included"),
    forkOf: field<string | undefined>("the session that it is a fork of"),
  }),
  "session-stop": event("a session was closed: by the program, with its engine, or by `limits.idle`", {
    ...OF_SESSION,
    durationMs: field<number>("its life"),
  }),
  "session-failure": event("a session could not start, or was lost", {
    ...OF_SESSION,
    durationMs: field<number>("from the request to here"),
    error: field<unknown>("why"),
  }),
  "session-checkpoint": event("a session's state was kept", {
    ...OF_SESSION,
    pid: field<number | undefined>("the process that keeps it"),
    durationMs: field<number>("how long that took"),
    automatic: field<boolean>("true when it was made automatically"),
  }),
  "session-checkpoint-skip": event("an automatic checkpoint was not made; an older one stays", {
    ...OF_SESSION,
    reason: field<string>("why not"),
  }),
  "session-recovery": event("a session whose worker died is back, in the process `pid`", {
    ...OF_SESSION,
    durationMs: field<number>("from the death to here"),
    from,
    lostCalls: field<readonly string[]>("the last 1,000 lost calls by name"),
    lostCount: field<number>("how many calls that had changed its state are lost"),
    error: field<unknown>(
      "the death; where a checkpoint was there and could not be copied, an `AggregateError` of the death and of why not",
    ),
  }),
  "session-recycle": event("a session got a fresh process, `pid`", {
    ...OF_SESSION,
    durationMs: field<number>("how long that took"),
    from,
    reason: field<string>("the limit that the old one had reached"),
  }),
  "session-recycle-skip": event(
    "a session that has reached a limit keeps its process; told once for each process",
    { ...OF_SESSION, reason: field<string>("why") },
  ),
  "view-call": event("a question of a session's Python to a view was answered, or has failed", {
    session: OF_SESSION.session,
    run: field<string | undefined>("the run that asked; undefined for a call"),
    stage: field<string | undefined>("the stage that asked; undefined for a call"),
    view: field<string>("the name of the view"),
    keys: field<number | undefined>("how many keys it was asked for at once; undefined without `keys`"),
    durationMs: field<number>("from when the question arrived to here"),
    ok: field<boolean>("whether Python was given an answer"),
  }),
  "session-log": event("Python wrote a line to its standard output or standard error", {
    ...OF_SESSION,
    stream,
    line,
  }),
};

const OF_RUN = {
  run: field<string>("names the run: `run.id`"),
  pipe: field<string>("the name of the pipe"),
  session: field<string | undefined>("the id of the session; undefined for a run without one"),
};

const OF_STAGE = {
  ...OF_RUN,
  stage: field<string>("the name of the stage"),
  kind: field<"node" | "tap" | "python" | "route" | "merge">("the kind of the stage"),
};

const OF_BATCH = {
  ...OF_RUN,
  stage: OF_STAGE.stage,
  batch: field<number>("counts what the stage sends, from 0"),
  size: field<number>("how many records are in it"),
  probe: field<boolean>(
    "whether it is tried in a throw-away copy of the session, because it has killed or hung a process before",
  ),
};

const status = field<RunStatus>("how it ended: `completed`, `halted`, `aborted` or `stopped`");
const durationMs = field<number>(
  "from the start to here; of a batch from handing it over, waiting in line included",
);

export const RUN_EVENT_TABLE = {
  "run-start": event("a run was pulled for the first time", OF_RUN),
  "run-stop": event("a run was completed, or its consumer left it", { ...OF_RUN, status, durationMs }),
  "run-failure": event("a run halted or was aborted, or its ledger does not balance", {
    ...OF_RUN,
    status,
    durationMs,
    error: field<unknown>("why"),
  }),
  "stage-start": event(
    "the first records reached a stage; fused stages begin together, also where no record comes to a later one",
    OF_STAGE,
  ),
  "stage-stop": event("a stage has ended, by itself or with its run; with its numbers from the ledger", {
    ...OF_STAGE,
    durationMs,
    in: field<number>("records that it took"),
    out: field<number>("that it passed on"),
    rejected: field<number>("that were set aside"),
    filtered: field<number>("that it left out"),
  }),
  "stage-failure": event(
    "a stage that its run failed in; where several fail at once, `run-failure` tells of one of them",
    {
      ...OF_STAGE,
      durationMs,
      error: field<unknown>("what the stage failed with"),
    },
  ),
  "batch-start": event("a batch was handed to the session", OF_BATCH),
  "batch-stop": event("a batch was answered", {
    ...OF_BATCH,
    durationMs,
    computeMs: field<number>("the time inside the Python function; of fused stages, inside all of them"),
    steps: field<readonly PythonStep[]>(
      "what it did in Python, of each stage of this trip that a record came to: `stage`, the `name` of its function with the module, `beganMs` and `endedMs` as `performance.now()` tells them",
    ),
  }),
  "batch-failure": event(
    "a batch failed as a whole, and what is tried again or searched follows as batches of their own; or its run ended and nobody waits for it any more",
    { ...OF_BATCH, durationMs, error: field<unknown>("why") },
  ),
};

export const ENGINE_EVENT_TABLE = {
  ...FORKSERVER_EVENT_TABLE,
  ...SESSION_EVENT_TABLE,
  ...RUN_EVENT_TABLE,
};
