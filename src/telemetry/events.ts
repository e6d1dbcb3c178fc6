/** Every event there is, by name. Durations are milliseconds on a monotonic clock. */

/** How a run ended: all records done, a failure, an abort signal, or before its input did, by the consumer's `break` or by `drain()`. */
export type RunStatus = "completed" | "halted" | "aborted" | "stopped";

interface OfSession {
  session: string;
  pid: number | undefined;
}

interface OfRecovery extends OfSession {
  durationMs: number;
  from: "checkpoint" | "setup";
  lostCalls: readonly string[];
  lostCount: number;
  error: unknown;
}

interface OfRecycling extends OfSession {
  durationMs: number;
  from: "checkpoint" | "setup";
  reason: string;
}

export interface SessionEvents {
  /** A session's process is ready; `durationMs` from the request to here, `setup` included. `forkOf`: the session that it is a fork of. */
  "session-start": OfSession & { durationMs: number; forkOf: string | undefined };
  /** A session was closed as asked; `durationMs` is its life. */
  "session-stop": OfSession & { durationMs: number };
  /** A session could not start, or was lost. */
  "session-failure": OfSession & { durationMs: number; error: unknown };
  /** A session's state was kept; `pid` is the process that keeps it, `automatic` whether nobody asked for it. */
  "session-checkpoint": OfSession & { durationMs: number; automatic: boolean };
  /** An automatic checkpoint was not made; the session can go on, and keeps an older checkpoint where it has one. */
  "session-checkpoint-skip": OfSession & { reason: string };
  /**
   * A session whose worker died is back, in the process `pid`; `durationMs` from the death to here. `lostCount` calls that had changed its state are
   * lost, the last of them in `lostCalls`; `error` is the death.
   */
  "session-recovery": OfRecovery;
  /** A session got a fresh process, `pid`, because of `limits.recycle`; `reason` says which limit, `from` what its state was made from. */
  "session-recycle": OfRecycling;
  /** A session that has reached a limit of `limits.recycle` keeps its process; `reason` says why. Told once for each process. */
  "session-recycle-skip": OfSession & { reason: string };
  /** A line that Python wrote to its standard output or standard error. */
  "session-log": OfSession & { stream: "stdout" | "stderr"; line: string };
}

export interface ForkserverEvents {
  /** A line that the forkserver wrote, for example while it imported the modules of `preload`. */
  "forkserver-log": { stream: "stdout" | "stderr"; line: string };
}

interface OfRun {
  run: string;
  pipe: string;
  /** The session's id; undefined for a pipe without Python stages. */
  session: string | undefined;
}

interface OfStage extends OfRun {
  stage: string;
  kind: "node" | "python" | "route" | "merge";
}

interface OfBatch extends OfRun {
  stage: string;
  /** Counts what the stage sends, from 0. */
  batch: number;
  /** How many records are in it. */
  size: number;
  /** Whether it is tried in a throw-away copy of the session, because it has killed or hung a process before. */
  probe: boolean;
}

export interface RunEvents {
  "run-start": OfRun;
  /** A run that was completed, or stopped by its consumer. */
  "run-stop": OfRun & { status: RunStatus; durationMs: number };
  /** A run that halted, was aborted, or whose ledger does not balance. */
  "run-failure": OfRun & { status: RunStatus; durationMs: number; error: unknown };
  /** The first records reached a stage. */
  "stage-start": OfStage;
  /** A stage that has ended, by itself or with its run. */
  "stage-stop": OfStage & { durationMs: number; in: number; out: number; rejected: number; filtered: number };
  /** The stage that its run failed in. */
  "stage-failure": OfStage & { durationMs: number; error: unknown };
  "batch-start": OfBatch;
  /** `durationMs` from sending to the answer, waiting in line included; `computeMs` is the time inside the Python function. */
  "batch-stop": OfBatch & { durationMs: number; computeMs: number };
  /** A batch failed as a whole; where it is tried again or searched, that follows as batches of their own. */
  "batch-failure": OfBatch & { durationMs: number; error: unknown };
}

/** What `engine.on` offers: its forkserver, its sessions, and every run on them. */
export type EngineEvents = ForkserverEvents & SessionEvents & RunEvents;

/** The names of {@link ForkserverEvents}. */
export const FORKSERVER_EVENTS: readonly (keyof ForkserverEvents)[] = ["forkserver-log"];

/** The names of {@link SessionEvents}. */
export const SESSION_EVENTS: readonly (keyof SessionEvents)[] = [
  "session-start",
  "session-stop",
  "session-failure",
  "session-checkpoint",
  "session-checkpoint-skip",
  "session-recovery",
  "session-recycle",
  "session-recycle-skip",
  "session-log",
];

/** The names of {@link RunEvents}. */
export const RUN_EVENTS: readonly (keyof RunEvents)[] = [
  "run-start",
  "run-stop",
  "run-failure",
  "stage-start",
  "stage-stop",
  "stage-failure",
  "batch-start",
  "batch-stop",
  "batch-failure",
];

/** The names of {@link EngineEvents}. */
export const ENGINE_EVENTS: readonly (keyof EngineEvents)[] = [
  ...FORKSERVER_EVENTS,
  ...SESSION_EVENTS,
  ...RUN_EVENTS,
];
