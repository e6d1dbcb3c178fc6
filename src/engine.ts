import type { Handle } from "./wire/handle.js";
import type { Reply } from "./wire/reply.js";
import type { Request } from "./wire/request.js";

export type { RefReply, Reply } from "./wire/reply.js";
export type { CallRequest, Request, Returns } from "./wire/request.js";

/**
 * The driver contract: where sessions live. Everything above (sessions, dispatch, pipes) is written against this and does not know which driver
 * it is on. What ships: `engines/local` (processes on this machine), `engines/inline` (TypeScript functions, for tests).
 *
 * A driver only runs things. Whose turn it is, deadlines, aborts and what a death means are decided above it.
 */
export interface Driver {
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
}

/** How a request is named in messages. */
export interface RequestSite {
  /** For example `ml_scorer.predict_batch`. */
  readonly target: string;
  readonly stage?: string | undefined;
}

/** One private Python state. Requests are carried out one at a time, in the order they were sent. */
export interface Worker {
  /** The process, where there is one. */
  readonly pid: number | undefined;

  /**
   * Encodes a request; the function it gives back sends it, once. So a caller that changes its arguments after the call changes nothing.
   *
   * Throws when a value cannot be carried (ValueNotSupportedError, RefError). The promise rejects with the typed error of a failed request; with
   * WorkerDiedError when the state is gone before the answer came.
   */
  prepare(request: Request, site: RequestSite): () => Promise<Reply>;

  /** Lets go of objects. Not answered; does nothing when the state is gone. */
  release(refs: readonly number[]): void;

  /** Ends the state at once, whatever it is doing. `ended` resolves when it is gone. */
  kill(): void;

  /** Asks the idle state to end, and kills it when it has not after `graceMs`. Resolves when it is gone. */
  close(graceMs: number): Promise<void>;

  /** Resolves when the state is gone and all its log lines were given out; with the error that says how, also after `close` and `kill`. */
  readonly ended: Promise<Error>;
}
