import type { Checkpoint } from "./checkpoint.js";
import type { CheckpointKeeper } from "./checkpoint-keeper.js";
import type { Conduct } from "./conduct.js";
import { type Copied, keepSession } from "./copier.js";
import type { Slots } from "./slots.js";

/**
 * A session's state as it is, kept for the caller, who lets go of it; not what the session goes back to.
 *
 * @throws ForkRefusedError, EngineFullError when that cannot be; what `signal` is aborted with.
 */
export async function snapshotOf(
  session: Copied & { readonly keeper: CheckpointKeeper; readonly conduct: Conduct },
  processes: Slots,
  signal: AbortSignal,
): Promise<Checkpoint> {
  // In its turn: what a session that is on its way back has lost is told before anything is done with its state.
  const current = await session.lane.turn(async () => {
    const refusal = session.refusal();
    if (refusal !== undefined) throw refusal;
    return session.keeper.isCurrent ? session.keeper.current?.retain() : undefined;
  });
  if (current !== undefined) return current;
  await processes.take(1, { timeoutMs: session.conduct.queueTimeout }, signal);
  try {
    let snapshot: Checkpoint | undefined;
    const made = (checkpoint: Checkpoint): void => {
      snapshot = checkpoint;
      void checkpoint.ended.then(() => processes.give(1));
    };
    await keepSession(session, made, true);
    return snapshot as unknown as Checkpoint;
  } catch (error) {
    processes.give(1);
    throw error;
  }
}
