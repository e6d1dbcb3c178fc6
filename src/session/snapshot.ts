import type { Checkpoint } from "./checkpoint.js";
import type { CheckpointKeeper } from "./checkpoint-keeper.js";
import type { Conduct } from "./conduct.js";
import { type Copied, keepNow } from "./copier.js";
import type { Slots } from "./slots.js";

/** What a snapshot is wanted for. */
interface Purpose {
  /** How many copies are to be made of it: room for them is taken with it. */
  readonly copies: number;
  readonly processes: Slots;
  readonly signal: AbortSignal;
}

/**
 * A session's state as it is, kept for the caller, who lets go of it and has room for the copies; not what the session goes back to.
 *
 * @throws ForkRefusedError, EngineFullError when that cannot be; what `signal` is aborted with.
 */
export async function snapshotOf(
  session: Copied & { readonly keeper: CheckpointKeeper; readonly conduct: Conduct },
  { copies, processes, signal }: Purpose,
): Promise<Checkpoint> {
  const wait = { timeoutMs: session.conduct.queueTimeout, since: performance.now() };
  // All of it at once, and nothing is held while it is waited for: two that each hold a part would wait for each other.
  let room = 0;
  try {
    for (;;) {
      let needed = copies;
      let snapshot: Checkpoint | undefined;
      // In its turn: what a session that is on its way back has lost is told before anything is done with its state.
      await session.lane.turn(async () => {
        const refusal = session.refusal();
        if (refusal !== undefined) throw refusal;
        const current = session.keeper.isCurrent ? session.keeper.current : undefined;
        needed = current === undefined ? copies + 1 : copies;
        if (room === 0 && processes.tryTake(needed)) room = needed;
        if (room < needed) return;
        if (current !== undefined) {
          processes.give(room - needed);
          snapshot = current.retain();
          return;
        }
        await keepNow(session, (made) => {
          snapshot = made;
          void made.ended.then(() => processes.give(1));
        });
      });
      if (snapshot !== undefined) return snapshot;
      processes.give(room);
      room = 0;
      await processes.take(needed, wait, signal);
      room = needed;
    }
  } catch (error) {
    processes.give(room);
    throw error;
  }
}
