import { setImmediate as nextRound } from "node:timers/promises";
import type { OpenRequest, Worker } from "../engine.js";
import { SessionLostError } from "../errors/session.js";
import type { Line } from "../views/line.js";
import type { CheckpointKeeper } from "./checkpoint-keeper.js";
import type { Conduct } from "./conduct.js";
import { Lane } from "./lane.js";
import { laneTo } from "./lane-to.js";
import type { RefTable } from "./ref-table.js";
import { restore } from "./restore.js";

/** What of a session its return from a crash needs. */
export interface Origin {
  readonly id: string;
  readonly lane: Lane;
  /** Who waits for the session: also for what is done by another worker before it is back. */
  readonly line: Line;
  readonly keeper: CheckpointKeeper;
  readonly conduct: Conduct;
  readonly open: ((request: OpenRequest) => Promise<Worker>) | undefined;
  readonly setup: ((lane: Lane) => Promise<void>) | undefined;
  /** Aborted when the session ends: nothing is made for it any more. */
  readonly over: AbortSignal;
  openRequest(refs?: RefTable, pid?: () => number | undefined): OpenRequest;
  attach(worker: Worker): void;
  /** Its checkpoint lives, but there can be no copy of it. */
  notRestored(error: Error): void;
}

/** There is neither a checkpoint to go back to nor a `setup`. */
export class NothingLeft extends Error {}

/** The new worker died by itself while `setup` ran; `cause` is what setup made of that. */
export class DiedInSetup extends Error {}

/**
 * Gives a session whose worker died a new one: a copy of its checkpoint; where there is none, or it died too, or cannot be copied, a new process and
 * `setup` again.
 *
 * @throws what `setup` throws; DiedInSetup; NothingLeft when there is neither.
 */
export async function bringBack(session: Origin): Promise<"checkpoint" | "setup"> {
  if (await backToCheckpoint(session)) return "checkpoint";
  const { open, setup } = session;
  if (open === undefined || setup === undefined) throw new NothingLeft();
  await backThroughSetup(session, open, setup);
  return "setup";
}

async function backToCheckpoint(session: Origin): Promise<boolean> {
  const { keeper, lane } = session;
  const checkpoint = keeper.current;
  if (checkpoint === undefined) return false;
  try {
    let worker: Worker | undefined;
    const request = session.openRequest(undefined, () => worker?.pid);
    worker = await restore(checkpoint, { ...request, reseed: false }, session.over);
    const unheld = lane.refs.keepOnly(
      checkpoint.refs,
      "was made after the checkpoint that its session went back to,",
    );
    session.attach(worker);
    if (unheld.length > 0) worker.release(unheld);
    return true;
  } catch (error) {
    if (!checkpoint.gone.aborted) session.notRestored(error as Error);
    keeper.drop(checkpoint);
    return false;
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
 * @throws what setup throws; DiedInSetup, when the worker died meanwhile; how it ended, when the session ends. Nothing is left then.
 */
export async function openWithSetup(
  session: Origin,
  open: (request: OpenRequest) => Promise<Worker>,
  setup: (lane: Lane) => Promise<void>,
): Promise<{ worker: Worker; refs: RefTable }> {
  const refs = session.lane.refs.empty();
  let opened: Worker | undefined;
  const worker = await open(session.openRequest(refs, () => opened?.pid));
  opened = worker;
  let gone: Error | undefined;
  const lane = new Lane(
    laneTo(worker, session, () => gone && new SessionLostError(session.id, gone)),
    refs,
    "queue",
  );
  const end = worker.ended.then(async (death) => {
    gone = death;
    lane.queue.workerGone(death, false);
    // What setup makes of the end of its calls says more than that end.
    await nextRound();
    throw death;
  });
  const stop = (): void => worker.kill();
  session.over.addEventListener("abort", stop);
  if (session.over.aborted) stop();
  try {
    await Promise.race([setup(lane), end]);
    if (gone !== undefined) throw gone;
    return { worker, refs };
  } catch (error) {
    const died = gone !== undefined && !session.over.aborted;
    worker.kill();
    await worker.ended;
    throw died ? new DiedInSetup("the new worker died", { cause: error }) : error;
  } finally {
    session.over.removeEventListener("abort", stop);
    end.catch(() => {});
  }
}
