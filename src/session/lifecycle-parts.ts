import type { OpenRequest, Worker } from "../engine.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import type { Conduct } from "./conduct.js";
import type { Lane } from "./lane.js";
import type { Slots } from "./slots.js";

/**
 * `ready`: takes calls; `recovering`: its worker died, calls wait until it is back; `closing`, `closed`: closed by this program, or for its idle
 * limit; `lost`: its worker is gone, and its state with it.
 */
export type SessionState = "ready" | "recovering" | "closing" | "closed" | "lost";

/** What a lifecycle is made of. */
export interface LifecycleParts {
  readonly id: string;
  readonly conduct: Conduct;
  readonly events: Emitter<EngineEvents>;
  /** Why the driver makes no copies; undefined where it does. */
  readonly noForks: string | undefined;
  /** Where checkpoints take their slots from. */
  readonly processes: Slots;
  /** Opens a new worker; undefined for what lives by its checkpoint alone. */
  readonly open: ((request: OpenRequest) => Promise<Worker>) | undefined;
  /** Runs the user's `setup` on a lane; undefined where there is none. */
  readonly setup: ((lane: Lane) => Promise<void>) | undefined;
  /** Called once, when the last worker is gone; without an error when the session was closed. */
  readonly onEnd: (error: Error | undefined) => void;
}
