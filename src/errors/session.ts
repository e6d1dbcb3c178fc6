import { SlitherError } from "./slither-error.js";

/** A worker process could not be started, or did not become ready. */
export class WorkerStartError extends SlitherError {
  readonly code = "SLITHER_WORKER_START";
  readonly session: string;
  /** The last lines that the process wrote, oldest first. */
  readonly lastLines: readonly string[];

  constructor(session: string, reason: string, lastLines: readonly string[], cause?: unknown) {
    super(`session ${session}: the worker did not start: ${reason}${printed(lastLines)}`, { cause });
    this.session = session;
    this.lastLines = lastLines;
  }
}

/** How a process ended, and during what. */
export interface WorkerDeath {
  readonly session: string;
  /** Undefined on an engine without processes. */
  readonly pid: number | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly exitCode: number | null;
  /** The call that was running, for example `ml_scorer.predict_batch`; undefined when the worker was idle. */
  readonly during: string | undefined;
  readonly lastLines: readonly string[];
}

/** The worker process of a session ended without being asked to. */
export class WorkerDiedError extends SlitherError implements WorkerDeath {
  readonly code = "SLITHER_WORKER_DIED";
  readonly session: string;
  readonly pid: number | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly exitCode: number | null;
  readonly during: string | undefined;
  readonly lastLines: readonly string[];

  constructor(death: WorkerDeath) {
    const how =
      death.signal === null ? `exited with code ${death.exitCode}` : `was killed by ${death.signal}`;
    const when = death.during === undefined ? "while it was idle" : `during ${death.during}`;
    super(
      `session ${death.session}: worker ${death.pid ?? "(inline)"} ${how} ${when}${printed(death.lastLines)}`,
    );
    this.session = death.session;
    this.pid = death.pid;
    this.signal = death.signal;
    this.exitCode = death.exitCode;
    this.during = death.during;
    this.lastLines = death.lastLines;
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

/** A call or a batch passed its deadline. When it was running, its worker was killed. */
export class CallTimeoutError extends SlitherError {
  readonly code = "SLITHER_CALL_TIMEOUT";
  readonly session: string;
  readonly target: string;
  readonly timeoutMs: number;
  /** False when the call had not been sent yet: it never ran, and the session goes on. */
  readonly started: boolean;

  constructor(fields: { session: string; target: string; timeoutMs: number; started: boolean }) {
    const state = fields.started
      ? "its worker was killed"
      : "it was still waiting for its turn and never ran; the session goes on";
    super(`session ${fields.session}: ${fields.target} took longer than ${fields.timeoutMs} ms; ${state}`);
    this.session = fields.session;
    this.target = fields.target;
    this.timeoutMs = fields.timeoutMs;
    this.started = fields.started;
  }
}

/** What became of a call that was aborted: it never ran, it was killed with its worker, or it goes on and its result is dropped. */
export type AbortedCallFate = "never ran" | "killed" | "dropped";

const FATES: Readonly<Record<AbortedCallFate, string>> = {
  "never ran": "it never ran",
  killed: "its worker was killed",
  dropped: "it is left to finish, and its result is dropped; the session goes on",
};

/** A call or a batch was aborted: by its signal, or because its run ended first. `cause` is the reason that was given. */
export class CallAbortedError extends SlitherError {
  readonly code = "SLITHER_CALL_ABORTED";
  readonly session: string;
  readonly target: string;
  readonly fate: AbortedCallFate;

  constructor(fields: { session: string; target: string; fate: AbortedCallFate }, cause: unknown) {
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

function printed(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `; it last wrote:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
