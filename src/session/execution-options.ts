import type { Reply } from "../engine.js";
import type { Askers } from "../views/desk.js";

/** How one request is to be carried out. */
export interface ExecutionOptions {
  /** Whose request it is, and how many of the owner's may be sent at once: see JobQueue. Default: its own, one. */
  readonly owner?: unknown;
  readonly depth?: number;
  readonly timeoutMs?: number | undefined;
  /** In place of it, for a batch: how long each of its steps may take. */
  readonly stepTimeoutsMs?: readonly number[] | undefined;
  /** Where the time starts: when the request is made, or when the worker comes to it. */
  readonly timeoutFrom?: "request" | "running";
  /** Aborted: a request that waits is dropped, one that was sent is stopped. */
  readonly abort?: AbortSignal | undefined;
  /**
   * Aborted: nobody waits for it any more. A request that waits is dropped. One that was sent fails at once, and is stopped unheard: killed only where
   * its session would be the same again; one that changes the state is left to finish.
   */
  readonly withdraw?: AbortSignal | undefined;
  /** Of a batch: which views it may ask. Default: those of the session. */
  readonly askers?: Askers | undefined;
  /** How often what is in it was sent before, in requests of their own. Default 0. */
  readonly sentBefore?: number | undefined;
  /** How often it is sent, when each time its worker dies; 1: it is not sent again. */
  readonly attempts: number;
  /** Whether it may change the session's state, so that a session which goes back to an earlier one has lost something. */
  readonly changesState: boolean;
  /** Called with the answer, before the worker is sent anything else; `heard` is false when nobody waits for it any more. */
  readonly onReply?: ((reply: Reply, heard: boolean) => void) | undefined;
}
