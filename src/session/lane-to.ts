import type { Worker } from "../engine.js";
import type { Line } from "../views/line.js";
import type { Conduct } from "./conduct.js";
import type { LaneControl } from "./lane.js";

/**
 * Control of a worker that is not a session's, and that nobody brings back; `gone` is what requests fail with when it is gone.
 *
 * @param line where its requests wait, and what waits for them.
 */
export function laneTo(
  worker: Worker,
  { conduct, line }: { conduct: Conduct; line: Line },
  gone: () => Error | undefined,
): LaneControl {
  return {
    line,
    pid: worker.pid,
    views: conduct.views,
    graceMs: conduct.limits.cancelGrace,
    sharedMemory: conduct.sharedMemory,
    send: (request) => worker.send(request),
    release: (refs) => worker.release(refs),
    kill: () => worker.kill(),
    comesBackWhole: () => false,
    closed: gone,
    refusal: gone,
    answered: () => {},
    idle: () => {},
  };
}
