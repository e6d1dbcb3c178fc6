import type { WorkerDeathError } from "./errors/session.js";
import type { Handle } from "./wire/handle.js";
import type { Progress } from "./wire/progress.js";
import type { Reply } from "./wire/reply.js";
import type { EncodedRequest } from "./wire/request.js";
import type { SharedMemory } from "./wire/shared-memory.js";

export type { Progress } from "./wire/progress.js";
export type { RefReply, Reply } from "./wire/reply.js";
export type { CallRequest, EncodedRequest, Request, Returns } from "./wire/request.js";

/**
 * The driver contract: where sessions live. Everything above (sessions, dispatch, pipes) is written against this and does not know which driver
 * it is on. What ships: `engines/local` (processes on this machine), `engines/inline` (TypeScript functions, for tests).
 *
 * A driver only runs things. Whose turn it is, deadlines, aborts, what a death means and what is done about it are decided above it.
 */
export interface Driver {
  /** Why no state on this driver can be copied (`worker.fork`); undefined where states can be. */
  readonly noForks: string | undefined;

  /** What large arrays of requests are put into; undefined where there is nothing that they must travel through. */
  readonly sharedMemory?: SharedMemory | undefined;

  /**
   * Makes one private Python state, ready for requests.
   *
   * Rejects with a WorkerStartError (or another SlitherError) and leaves nothing behind when it cannot.
   */
  open(request: OpenRequest): Promise<Worker>;

  /** Called once, after every worker was closed. Frees what the driver itself holds. */
  close(): Promise<void>;
}

export interface OpenRequest {
  /** The session's id, unique in its engine. */
  readonly session: string;
  /** Called for every line that the state's code prints, also after its end, until `ended` resolves. */
  readonly onLog: (stream: "stdout" | "stderr", line: string) => void;
  /** The ref behind a number that the worker names in a result. */
  readonly resolveHandle: (id: number) => Handle;
  /** How much memory the state may have, in bytes on top of what a new one has; undefined: no limit. */
  readonly memoryBytes: number | undefined;
}

export interface CopyRequest extends OpenRequest {
  /** `live`: takes requests. `checkpoint`: waits, and is only ever copied, told to release objects, and closed. */
  readonly purpose: "live" | "checkpoint";
  /** Whether the copy gets random states of its own; else it goes on with those of the original. */
  readonly reseed: boolean;
}

/** A request that was sent. */
export interface Sent {
  /**
   * Rejects with the typed error of a failed request; with what `ended` resolves with, and not before that, when the state is gone before the answer
   * came. An error of the same class may also be that of the request.
   */
  readonly reply: Promise<Reply>;
  /**
   * Asks the code of this request, if it is the one that runs, to stop: the reply then rejects with CancelledError. May have no effect, and may be
   * repeated; never affects another request.
   */
  cancel(): void;
  /** How far a batch has come; undefined where that is not known, or it has not begun. */
  progress(): Progress | undefined;
}

/** One private Python state. Requests are carried out one at a time, in the order they were sent. */
export interface Worker {
  /** The process, where there is one. */
  readonly pid: number | undefined;

  /** The memory that the state has on top of what a new one has, in bytes; undefined where that is not known. */
  memoryBytes(): number | undefined;

  /** Sends a request, which may have been sent to another worker of the driver before. */
  send(request: EncodedRequest): Sent;

  /**
   * Makes a copy with the same modules, globals and objects, and a future of its own. The caller sees to it that no request is unanswered.
   *
   * Rejects with ForkRefusedError when a copy would not be safe, and with what `ended` resolves with when the state is gone before there is one.
   */
  fork(request: CopyRequest): Promise<Worker>;

  /** Lets go of objects. Not answered; does nothing when the state is gone. */
  release(refs: readonly number[]): void;

  /** Ends the state at once, whatever it is doing. `ended` resolves when it is gone. */
  kill(): void;

  /** Asks the idle state to end, and kills it when it has not after `graceMs`. Resolves when it is gone. */
  close(graceMs: number): Promise<void>;

  /**
   * Resolves when the state is gone and all its log lines were given out; with the error that says how, also after `close` and `kill`: a
   * WorkerDiedError, or the MemoryLimitError of one that was killed for its use of memory.
   */
  readonly ended: Promise<WorkerDeathError>;
}

export type { WorkerDeathError } from "./errors/session.js";
