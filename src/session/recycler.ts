import type { Worker } from "../engine.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import type { Checkpoint } from "./checkpoint.js";
import { LEAVE_GRACE_MS } from "./fork-worker.js";
import { type Origin, openWithSetup } from "./recovery.js";
import type { RefTable } from "./ref-table.js";
import type { Slots } from "./slots.js";

/** How long nothing more is tried after a fresh process could not be made. */
const TRY_AGAIN_MS = 10_000;

/** What a recycler needs of its session. */
export interface Recycled extends Origin {
  readonly pid: number | undefined;
  readonly worker: Worker;
  readonly state: string;
  readonly events: Emitter<EngineEvents>;
  readonly processes: Pick<Slots, "exceed" | "give">;
  replace(worker: Worker): void;
}

interface Fresh {
  readonly worker: Worker;
  readonly from: "checkpoint" | "setup";
  /** What it was made from; undefined: from `setup`. */
  readonly checkpoint?: Checkpoint;
  /** The objects that it holds under numbers of their own. */
  readonly refs?: RefTable;
}

type Open = NonNullable<Origin["open"]>;
type Setup = NonNullable<Origin["setup"]>;

/**
 * Gives a session a fresh process when the old one has reached a limit. The fresh one is made while the old one goes on answering, and takes over
 * between two calls; nothing is done while that would lose a change of state.
 */
export class Recycler {
  readonly #session: Recycled;
  #began = 0;
  #answered = 0;
  #working: Promise<void> | undefined;
  #notBefore = 0;
  /** Whether the memory of this process says nothing, because a fresh one has as much. */
  #memoryIsMoot = false;
  /** Whether it was told that this process stays. */
  #told = false;

  constructor(session: Recycled) {
    this.#session = session;
  }

  /** The session has this worker from now on. */
  attached(worker: Worker): void {
    this.#began = performance.now();
    this.#answered = 0;
    this.#told = false;
    this.#notBefore = 0;
    const { memory } = this.#session.conduct.limits.recycle ?? {};
    // What a fresh process has already, another one would have too.
    this.#memoryIsMoot = memory !== undefined && (worker.memoryBytes() ?? 0) >= memory;
    if (this.#memoryIsMoot) this.#stays(`a fresh process has more memory than the limit of ${memory} bytes`);
  }

  /** The worker has answered a request. */
  answered(): void {
    this.#answered += 1;
    this.check();
  }

  /** Begins to make a fresh process where one is due. */
  check(): void {
    if (this.#working !== undefined || this.#session.state !== "ready") return;
    const reason = this.#reason();
    if (reason === undefined || performance.now() < this.#notBefore) return;
    const obstacle = this.#obstacle();
    if (obstacle !== undefined) {
      this.#stays(obstacle);
      return;
    }
    this.#working = this.#recycle(reason).finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when no fresh process is being made. */
  async quiet(): Promise<void> {
    await this.#working;
  }

  #reason(): string | undefined {
    const { calls, age, memory } = this.#session.conduct.limits.recycle ?? {};
    if (calls !== undefined && this.#answered >= calls) return `it answered ${this.#answered} calls`;
    const ageMs = performance.now() - this.#began;
    if (age !== undefined && ageMs >= age) return `its age is ${Math.round(ageMs)} ms`;
    if (memory === undefined || this.#memoryIsMoot) return undefined;
    const used = this.#session.worker.memoryBytes();
    if (used !== undefined && used >= memory) return `it has ${used} bytes of memory`;
    return undefined;
  }

  async #recycle(reason: string): Promise<void> {
    const session = this.#session;
    const began = performance.now();
    const old = session.worker;
    let fresh: Fresh;
    // Where every slot is a session's, none would ever be free, and what leaks would never be recycled.
    session.processes.exceed(1);
    try {
      fresh = await this.#make();
    } catch (error) {
      session.processes.give(1);
      this.#notBefore = performance.now() + TRY_AGAIN_MS;
      if (session.state === "ready") this.#stays(error instanceof Error ? error.message : String(error));
      return;
    }
    const { worker, from } = fresh;
    const taken = await session.lane.turn(async () => {
      // Meanwhile the session may have changed, been kept in another state, died, or been closed.
      if (session.worker !== old || session.state !== "ready" || this.#obstacle() !== undefined) return false;
      if (session.keeper.current !== fresh.checkpoint) return false;
      if (fresh.refs !== undefined) session.lane.refs = fresh.refs;
      session.replace(worker);
      const { checkpoint } = fresh;
      if (checkpoint !== undefined) worker.release(session.lane.refs.keepOnly(checkpoint.refs, "is gone"));
      return true;
    });
    void (taken ? old : worker).ended.then(() => session.processes.give(1));
    if (!taken) {
      await worker.close(LEAVE_GRACE_MS);
      return;
    }
    const durationMs = performance.now() - began;
    session.events.emit("session-recycle", {
      session: session.id,
      pid: worker.pid,
      durationMs,
      from,
      reason,
    });
  }

  /** Why a fresh process cannot have the state of this one; undefined when it can. */
  #obstacle(): string | undefined {
    const { keeper, lane, open, setup } = this.#session;
    if (keeper.current !== undefined)
      return keeper.isCurrent ? undefined : "calls have changed its state since its checkpoint";
    if (open === undefined || setup === undefined) return "it has neither a checkpoint nor a setup";
    if (keeper.lostBy("setup").count > 0) return "calls have changed its state since its setup";
    return lane.refs.ids.size > 0 ? "refs are held on its objects, and it has no checkpoint" : undefined;
  }

  async #make(): Promise<Fresh> {
    const session = this.#session;
    const { keeper, open, setup } = session;
    if (keeper.current !== undefined) {
      // It may be replaced by another meanwhile.
      const checkpoint = keeper.current.retain();
      try {
        let worker: Worker | undefined;
        const request = session.openRequest(undefined, () => worker?.pid);
        worker = await checkpoint.restore({ ...request, reseed: false });
        return { worker, from: "checkpoint", checkpoint };
      } finally {
        void checkpoint.letGo();
      }
    }
    const { worker, refs } = await openWithSetup(session, open as Open, setup as Setup);
    return { worker, from: "setup", refs };
  }

  #stays(reason: string): void {
    if (this.#told) return;
    this.#told = true;
    const { id, pid, events } = this.#session;
    events.emit("session-recycle-skip", { session: id, pid, reason });
  }
}
