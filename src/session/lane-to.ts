import type { Worker } from "../engine.js";
import type { Conduct } from "./conduct.js";
import type { LaneControl } from "./lane.js";

/** Control of a worker that is not a session's, and that nobody brings back; `gone` is what requests fail with when it is gone. */
export function laneTo(worker: Worker, conduct: Conduct, gone: () => Error | undefined): LaneControl {
  return {
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
