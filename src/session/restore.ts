import { realClock } from "../clock.js";
import type { Worker } from "../engine.js";
import type { Checkpoint } from "./checkpoint.js";

/** What a copy was refused for may be there again soon: descriptors, memory, room for a process. */
const AGAIN_AFTER_MS = [100, 200, 400, 800];

/**
 * A live copy of a checkpoint. Where there can be none it is tried again a few times, as long as the checkpoint lives: it is the only one that has the
 * state.
 *
 * @param over aborted: nobody wants the copy any more.
 * @throws as `checkpoint.restore`, the last time.
 */
export async function restore(
  checkpoint: Checkpoint,
  request: Parameters<Checkpoint["restore"]>[0],
  over: AbortSignal,
): Promise<Worker> {
  const inVain = AbortSignal.any([over, checkpoint.gone]);
  for (const waitMs of AGAIN_AFTER_MS) {
    try {
      return await checkpoint.restore(request);
    } catch (error) {
      const waited = await realClock.sleep(waitMs, inVain).then(
        () => true,
        () => false,
      );
      if (!waited) throw error;
    }
  }
  return checkpoint.restore(request);
}
