import type { CopyRequest, OpenRequest, Worker } from "../engine.js";
import { ForkRefusedError, MemoryLimitError, WorkerDiedError } from "../errors/session.js";
import { Checkpoint } from "./checkpoint.js";
import { forkWorker, LEAVE_GRACE_MS } from "./fork-worker.js";
import type { Lane } from "./lane.js";

const DIED_MEANWHILE = "its worker died meanwhile";

/** What of a session is needed to copy it. */
export interface Copied {
  readonly id: string;
  readonly state: string;
  readonly lane: Lane;
  readonly worker: Worker;
  openRequest(): OpenRequest;
  /** Why it can do nothing any more. */
  unusable(): Error | undefined;
  /** The same, or what it has lost, which is told once. */
  refusal(): Error | undefined;
}

/**
 * Live copies of a session as it is when their turn comes; all or none. `made` is called within that turn.
 *
 * @throws ForkRefusedError; what a call would fail with.
 */
export function copySession(
  session: Copied,
  requests: readonly CopyRequest[],
  made: (workers: readonly Worker[]) => void,
): Promise<void> {
  return session.lane.turn(async () => {
    // Who copies a session that has lost something is told, like who calls it.
    throwIfAny(session.refusal());
    const { worker } = session;
    const outcomes = await Promise.allSettled(requests.map((request) => forkWorker(worker, request)));
    const copies = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    const failure = failed === undefined ? diedMeanwhile(session, worker) : failed.reason;
    if (failure !== undefined) {
      await Promise.all(copies.map((copy) => copy.close(LEAVE_GRACE_MS)));
      throw failure;
    }
    made(copies);
  });
}

/** How a session is kept. */
export interface Keeping {
  /** Whether somebody asked for it, who is told what the session has lost. */
  readonly asked: boolean;
  /** Asked in the session's turn: where there is no room, nothing is made. */
  hasRoom(): boolean;
  /** Called within that turn. */
  made(checkpoint: Checkpoint): void;
}

/**
 * The session as it is when its turn comes, kept.
 *
 * @throws as {@link copySession}.
 */
export function keepSession(session: Copied, { asked, hasRoom, made }: Keeping): Promise<void> {
  return session.lane.turn(async () => {
    throwIfAny(asked ? session.refusal() : session.unusable());
    if (hasRoom()) await keepNow(session, made);
  });
}

/**
 * The session as it is, kept. Only in its turn.
 *
 * @throws as {@link copySession}.
 */
export async function keepNow(session: Copied, made: (checkpoint: Checkpoint) => void): Promise<void> {
  const { worker } = session;
  const { ids } = session.lane.refs;
  const request = { ...session.openRequest(), purpose: "checkpoint", reseed: false } as const;
  const checkpoint = new Checkpoint(await forkWorker(worker, request), ids);
  const failure = diedMeanwhile(session, worker);
  if (failure !== undefined) {
    await checkpoint.letGo();
    throw failure;
  }
  made(checkpoint);
}

/** Whether a session could not be copied because its worker died: it may be back soon. */
export function isDeathOfOriginal(error: unknown): boolean {
  if (error instanceof ForkRefusedError) return error.reason === DIED_MEANWHILE;
  return error instanceof WorkerDiedError || error instanceof MemoryLimitError;
}

/** The copy is whole, but its original is not the session's state any more. */
function diedMeanwhile({ id, state, worker }: Copied, original: Worker): Error | undefined {
  if (worker === original && state !== "recovering" && state !== "lost") return undefined;
  return new ForkRefusedError(id, DIED_MEANWHILE);
}

function throwIfAny(error: Error | undefined): void {
  if (error !== undefined) throw error;
}
