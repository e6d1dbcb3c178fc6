import { SlitherError } from "./slither-error.js";

/** A worker process, or the forkserver, could not be started, or did not become ready. */
export class WorkerStartError extends SlitherError {
  readonly code = "SLITHER_WORKER_START";
  /** Undefined for the forkserver. */
  readonly session: string | undefined;
  /** The last lines that the process wrote, oldest first. */
  readonly lastLines: readonly string[];

  constructor(session: string | undefined, reason: string, lastLines: readonly string[], cause?: unknown) {
    const what = session === undefined ? "the forkserver" : `session ${session}: the worker`;
    super(`${what} did not start: ${reason}${printed(lastLines)}`, { cause });
    this.session = session;
    this.lastLines = lastLines;
  }
}

/** How a process ended, and during what. */
export interface WorkerDeath {
  readonly session: string;
  /** Undefined on an engine without processes. */
  readonly pid: number | undefined;
  /** Undefined where nobody was left to tell how the process ended: its parent, the forkserver, died too. */
  readonly signal: NodeJS.Signals | null | undefined;
  readonly exitCode: number | null | undefined;
  /** The call that was running, for example `ml_scorer.predict_batch`; undefined when the worker was idle. */
  readonly during: string | undefined;
  readonly lastLines: readonly string[];
  /** Why it was killed, where slither-ts did so by itself, for example `it had been stopped for 2 s`. */
  readonly reason?: string | undefined;
}

/** The worker process of a session ended without being asked to. */
export class WorkerDiedError extends SlitherError implements WorkerDeath {
  readonly code = "SLITHER_WORKER_DIED";
  readonly session: string;
  readonly pid: number | undefined;
  readonly signal: NodeJS.Signals | null | undefined;
  readonly exitCode: number | null | undefined;
  readonly during: string | undefined;
  readonly lastLines: readonly string[];
  readonly reason: string | undefined;

  constructor(death: WorkerDeath) {
    const why = death.reason === undefined ? "" : `, because ${death.reason}`;
    super(`${describeDeath(death)}${why}${printed(death.lastLines)}`);
    this.session = death.session;
    this.pid = death.pid;
    this.signal = death.signal;
    this.exitCode = death.exitCode;
    this.during = death.during;
    this.lastLines = death.lastLines;
    this.reason = death.reason;
  }
}

/** The worker process of a session was killed because it used more memory than `limits.memory` allows, and did not heed a MemoryError. */
export class MemoryLimitError extends SlitherError implements WorkerDeath {
  readonly code = "SLITHER_MEMORY_LIMIT";
  readonly session: string;
  readonly pid: number | undefined;
  readonly signal: NodeJS.Signals | null | undefined;
  readonly exitCode: number | null | undefined;
  readonly during: string | undefined;
  readonly lastLines: readonly string[];
  /** What it used when it was killed, in bytes on top of what a new session has. */
  readonly usedBytes: number;
  readonly limitBytes: number;

  constructor(death: WorkerDeath, memory: { usedBytes: number; limitBytes: number }) {
    const { usedBytes, limitBytes } = memory;
    super(
      `${describeDeath(death)}, because it used ${megabytes(usedBytes)} of memory, more than its limit of ${megabytes(limitBytes)} (limits.memory)${printed(death.lastLines)}`,
    );
    this.session = death.session;
    this.pid = death.pid;
    this.signal = death.signal;
    this.exitCode = death.exitCode;
    this.during = death.during;
    this.lastLines = death.lastLines;
    this.usedBytes = usedBytes;
    this.limitBytes = limitBytes;
  }
}

/** How the process of a worker ended. */
export type WorkerDeathError = WorkerDiedError | MemoryLimitError;

/** The call stopped because it was asked to: what the worker says. Told to callers as the reason for asking: CallTimeoutError, CallAbortedError. */
export class CancelledError extends SlitherError {
  readonly code = "SLITHER_CANCELLED";
  /** Where the code was, as Python prints it. */
  readonly traceback: string;

  constructor(message: string, traceback: string) {
    super(message);
    this.traceback = traceback;
  }
}

/** A process cannot be copied: it would not be safe, or not on this system. Nothing was changed. */
export class ForkRefusedError extends SlitherError {
  readonly code = "SLITHER_FORK_REFUSED";
  readonly session: string;
  /** For example `the polars thread pool has started`. */
  readonly reason: string;

  constructor(session: string, reason: string, cause?: unknown) {
    super(`session ${session} cannot be copied: ${reason}`, { cause });
    this.session = session;
    this.reason = reason;
  }
}

/** How many names of calls an error lists. */
const LISTED_CALLS = 20;

/**
 * The session came back from a crash in an earlier state: what these calls did to it is lost. Thrown once, by the first call after it; the session
 * is usable. `cause` is the death.
 */
export class SessionRolledBackError extends SlitherError {
  readonly code = "SLITHER_SESSION_ROLLED_BACK";
  readonly session: string;
  /** What was lost, in order, for example `["ml_scorer.train_model"]`; the last 1,000 where there were more. */
  readonly lostCalls: readonly string[];
  readonly lostCount: number;
  /** What the session came back from. */
  readonly from: "checkpoint" | "setup";

  constructor(
    session: string,
    lost: { calls: readonly string[]; count: number; from: "checkpoint" | "setup" },
    cause: unknown,
  ) {
    const shown = lost.calls.slice(-LISTED_CALLS);
    const more = lost.count > shown.length ? `${lost.count - shown.length} more and ` : "";
    const to = lost.from === "checkpoint" ? "its last checkpoint" : "its state after setup";
    super(
      `session ${session} went back to ${to}, because its worker died; lost is what ${more}${shown.join(", ")} did to it; make these calls again, or call session.checkpoint() after such calls`,
      { cause },
    );
    this.session = session;
    this.lostCalls = lost.calls;
    this.lostCount = lost.count;
    this.from = lost.from;
  }
}

/** A call was made on a session of `busy: "fail"` that had not finished the one before. */
export class SessionBusyError extends SlitherError {
  readonly code = "SLITHER_SESSION_BUSY";
  readonly session: string;
  readonly target: string;

  constructor(session: string, target: string) {
    super(
      `session ${session} is busy, so ${target} was not called (busy: "fail"); await the call before it, or open the session with busy: "queue"`,
    );
    this.session = session;
    this.target = target;
  }
}

/** There was no room for a session, a fork or a replica within the time for waiting. */
export class EngineFullError extends SlitherError {
  readonly code = "SLITHER_ENGINE_FULL";
  /** Which option of `local()` set the limit. */
  readonly option: "maxSessions" | "maxProcesses";
  readonly limit: number;
  readonly wanted: number;
  /** How long it waited for room; 0 when it can never have it. */
  readonly waitedMs: number;

  constructor(fields: {
    option: "maxSessions" | "maxProcesses";
    limit: number;
    wanted: number;
    waitedMs: number;
  }) {
    const { option, limit, wanted, waitedMs } = fields;
    const what = option === "maxSessions" ? "sessions" : "processes";
    super(
      wanted > limit
        ? `expected to need at most ${limit} ${what} (${option}), got a request for ${wanted} at once`
        : `expected room for ${wanted} more ${what} within ${waitedMs} ms, got none: the engine has ${limit} (${option}); close some, raise ${option}, or wait longer (queueTimeout)`,
    );
    this.option = option;
    this.limit = limit;
    this.wanted = wanted;
    this.waitedMs = waitedMs;
  }
}

/** The session's worker is gone and its state with it. `cause` says how. */
export class SessionLostError extends SlitherError {
  readonly code = "SLITHER_SESSION_LOST";
  readonly session: string;

  constructor(session: string, cause: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    super(`session ${session} is lost, open a new one${why}`, { cause });
    this.session = session;
  }
}

/** The session or the engine was closed by this program. */
export class SessionClosedError extends SlitherError {
  readonly code = "SLITHER_SESSION_CLOSED";
  readonly session: string;

  constructor(session: string, what: string) {
    super(`session ${session}: ${what}`);
    this.session = session;
  }
}

/**
 * What became of a call that was stopped: it never ran; it ran and was stopped, which leaves the session as the code left it; it did not stop in time
 * and was killed with its worker; it finished all the same, or nobody waits to see whether it does, and its result is dropped.
 */
export type StoppedCallFate = "never ran" | "cancelled" | "killed" | "dropped";

const FATES: Readonly<Record<StoppedCallFate, string>> = {
  "never ran": "it never ran",
  cancelled: "its code was stopped; the session goes on",
  killed: "its worker was killed",
  dropped: "its result is dropped; the session goes on",
};

/** A call or a batch passed its deadline. */
export class CallTimeoutError extends SlitherError {
  readonly code = "SLITHER_CALL_TIMEOUT";
  readonly session: string;
  readonly target: string;
  readonly timeoutMs: number;
  readonly fate: StoppedCallFate;

  constructor(
    fields: { session: string; target: string; timeoutMs: number; fate: StoppedCallFate },
    cause?: unknown,
  ) {
    const { session, target, timeoutMs, fate } = fields;
    super(`session ${session}: ${target} took longer than ${timeoutMs} ms; ${FATES[fate]}`, { cause });
    this.session = session;
    this.target = target;
    this.timeoutMs = timeoutMs;
    this.fate = fate;
  }
}

/** A call or a batch was aborted: by its signal, or because its run ended first. `cause` is the reason that was given. */
export class CallAbortedError extends SlitherError {
  readonly code = "SLITHER_CALL_ABORTED";
  readonly session: string;
  readonly target: string;
  readonly fate: StoppedCallFate;

  constructor(fields: { session: string; target: string; fate: StoppedCallFate }, cause: unknown) {
    super(`session ${fields.session}: ${fields.target} was aborted; ${FATES[fields.fate]}`, { cause });
    this.session = fields.session;
    this.target = fields.target;
    this.fate = fields.fate;
  }
}

/** A ref was used where the object behind it does not exist: in another session, or after its release. */
export class RefError extends SlitherError {
  readonly code = "SLITHER_REF";
  /** The session that the ref belongs to. */
  readonly session: string;

  constructor(message: string, session: string) {
    super(message);
    this.session = session;
  }
}

/** The other side of the channel broke the protocol: a fault of this library, or of something that writes to its socket. */
export class ProtocolError extends SlitherError {
  readonly code = "SLITHER_PROTOCOL";
}

function describeDeath({ session, pid, signal, exitCode, during }: WorkerDeath): string {
  const how = signal
    ? `was killed by ${signal}`
    : exitCode === undefined
      ? "died"
      : `exited with code ${exitCode}`;
  const when = during === undefined ? "while it was idle" : `during ${during}`;
  return `session ${session}: worker ${pid ?? "(inline)"} ${how} ${when}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

function printed(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `; it last wrote:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
