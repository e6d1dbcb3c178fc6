import type { CopyRequest, OpenRequest, Worker } from "../engine.js";
import { Checkpoint } from "./checkpoint.js";
import type { Lane } from "./lane.js";

/** How long an idle copy may take to leave when asked to. */
const LEAVE_GRACE_MS = 2_000;

/** What of a session is needed to copy it. */
export interface Copied {
  readonly lane: Lane;
  readonly worker: Worker;
  openRequest(): OpenRequest;
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
    requireUsable(session);
    const outcomes = await Promise.allSettled(requests.map((request) => session.worker.fork(request)));
    const workers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) {
      await Promise.all(workers.map((worker) => worker.close(LEAVE_GRACE_MS)));
      throw failed.reason;
    }
    made(workers);
  });
}

/** The session as it is when its turn comes, kept. `made` is called within that turn. @throws as {@link copySession}. */
export function keepSession(
  session: Copied,
  made: (checkpoint: Checkpoint) => void = () => {},
): Promise<Checkpoint> {
  return session.lane.turn(async () => {
    requireUsable(session);
    const { ids } = session.lane.refs;
    const request = { ...session.openRequest(), purpose: "checkpoint", reseed: false } as const;
    const checkpoint = new Checkpoint(await session.worker.fork(request), ids);
    made(checkpoint);
    return checkpoint;
  });
}

/** Who copies a session that has lost something is told, like who calls it. */
function requireUsable(session: Copied): void {
  const refusal = session.refusal();
  if (refusal !== undefined) throw refusal;
}
