import type { Reply } from "../engine.js";

/** How one request is to be carried out. */
export interface ExecutionOptions {
  /** Whose request it is, and how many of the owner's may be sent at once: see JobQueue. Default: its own, one. */
  readonly owner?: unknown;
  readonly depth?: number;
  readonly timeoutMs?: number | undefined;
  /** Where the time starts: when the request is made, or when the worker comes to it. */
  readonly timeoutFrom?: "request" | "running";
  /** Aborted: a request that waits is dropped, one that was sent is stopped. */
  readonly abort?: AbortSignal | undefined;
  /** Aborted: a request that waits is dropped, one that was sent is left to finish, unheard. */
  readonly withdraw?: AbortSignal | undefined;
  /** Whether it may be sent again when its worker died. */
  readonly repeatable: boolean;
  /** Whether it may change the session's state, so that a session which goes back to an earlier one has lost something. */
  readonly changesState: boolean;
  /** Called with the answer, before the worker is sent anything else; `heard` is false when nobody waits for it any more. */
  readonly onReply?: ((reply: Reply, heard: boolean) => void) | undefined;
}
