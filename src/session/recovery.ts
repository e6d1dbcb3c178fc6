import type { OpenRequest, Worker } from "../engine.js";
import type { CheckpointKeeper } from "./checkpoint-keeper.js";
import type { Conduct } from "./conduct.js";
import { Lane, type LaneControl } from "./lane.js";
import { RefTable } from "./ref-table.js";

/** What of a session its return from a crash needs. */
export interface Origin {
  readonly id: string;
  readonly lane: Lane;
  readonly keeper: CheckpointKeeper;
  readonly conduct: Conduct;
  readonly open: ((request: OpenRequest) => Promise<Worker>) | undefined;
  readonly setup: ((lane: Lane) => Promise<void>) | undefined;
  openRequest(refs?: RefTable): OpenRequest;
  attach(worker: Worker): void;
}

/**
 * Gives a session whose worker died a new one: a copy of its checkpoint; where there is none, or it died too, a new process and `setup` again.
 *
 * @throws when there is neither, with the reason.
 */
export async function bringBack(session: Origin): Promise<"checkpoint" | "setup"> {
  const failure = await backToCheckpoint(session);
  if (failure === undefined) return "checkpoint";
  const { open, setup } = session;
  if (open === undefined || setup === undefined) throw failure.error;
  await backThroughSetup(session, open, setup);
  return "setup";
}

async function backToCheckpoint(session: Origin): Promise<{ error: Error } | undefined> {
  const { keeper, lane } = session;
  const checkpoint = keeper.current;
  if (checkpoint === undefined) return { error: new Error("it has no checkpoint to go back to") };
  try {
    const worker = await checkpoint.restore({ ...session.openRequest(), reseed: false });
    const unheld = lane.refs.keepOnly(
      checkpoint.refs,
      "was made after the checkpoint that its session went back to,",
    );
    session.attach(worker);
    if (unheld.length > 0) worker.release(unheld);
    return undefined;
  } catch (error) {
    keeper.drop(checkpoint);
    return { error: error as Error };
  }
}

async function backThroughSetup(
  session: Origin,
  open: (request: OpenRequest) => Promise<Worker>,
  setup: (lane: Lane) => Promise<void>,
): Promise<void> {
  const { worker, refs } = await openWithSetup(session, open, setup);
  session.lane.refs.lose("was made before its session was set up again,");
  session.lane.refs = refs;
  session.attach(worker);
}

/**
 * A new worker in the state that `setup` brings about. Setup has it to itself, on a lane of its own, while the calls of others wait on the session's,
 * or go on on the worker that is still there.
 *
 * @throws what setup throws; nothing is left then.
 */
export async function openWithSetup(
  session: Origin,
  open: (request: OpenRequest) => Promise<Worker>,
  setup: (lane: Lane) => Promise<void>,
): Promise<{ worker: Worker; refs: RefTable }> {
  const refs = new RefTable(session.id);
  const worker = await open(session.openRequest(refs));
  const lane = new Lane(laneTo(worker, session.conduct), refs, "queue");
  let gone: Error | undefined;
  void worker.ended.then((death) => {
    gone = death;
    lane.queue.workerGone(death, false);
  });
  try {
    await setup(lane);
    if (gone !== undefined) throw gone;
    return { worker, refs };
  } catch (error) {
    worker.kill();
    await worker.ended;
    throw error;
  }
}

function laneTo(worker: Worker, conduct: Conduct): LaneControl {
  return {
    graceMs: conduct.limits.cancelGrace,
    send: (request) => worker.send(request),
    release: (refs) => worker.release(refs),
    kill: () => worker.kill(),
    closed: () => undefined,
    refusal: () => undefined,
    answered: () => {},
    idle: () => {},
  };
}
