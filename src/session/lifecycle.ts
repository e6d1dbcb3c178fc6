import type { EncodedRequest, OpenRequest, Sent, Worker } from "../engine.js";
import { SessionClosedError, SessionLostError } from "../errors/session.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import type { ViewDesk } from "../views/desk.js";
import { Line } from "../views/line.js";
import type { SharedMemory } from "../wire/shared-memory.js";
import { CheckpointKeeper } from "./checkpoint-keeper.js";
import { Comeback } from "./comeback.js";
import type { Conduct } from "./conduct.js";
import { keepSession } from "./copier.js";
import type { Execution } from "./execution.js";
import { LEAVE_GRACE_MS } from "./fork-worker.js";
import { Lane, type LaneControl } from "./lane.js";
import type { LifecycleParts, SessionState } from "./lifecycle-parts.js";
import type { Origin } from "./recovery.js";
import { Recycler } from "./recycler.js";
import { RefTable } from "./ref-table.js";
import { Usage, type Use } from "./usage.js";

/**
 * One session from its first worker to its last.
 *
 *     opening ──▶ ready ◀──▶ recovering          close() ──▶ closing ──▶ closed
 *                   │            │
 *                   └────────────┴──▶ lost
 */
export class Lifecycle implements LaneControl, Origin {
  readonly id: string;
  readonly line: Line;
  readonly lane: Lane;
  readonly keeper: CheckpointKeeper;
  readonly conduct: Conduct;
  readonly events: Emitter<EngineEvents>;
  readonly open: LifecycleParts["open"];
  readonly setup: LifecycleParts["setup"];
  readonly processes: LifecycleParts["processes"];
  readonly #onEnd: LifecycleParts["onEnd"];
  readonly #recycler: Recycler;
  readonly #comeback: Comeback;
  readonly #usage: Usage;
  /** Resolves when the last worker is gone, and what kept its state. */
  readonly ended: Promise<void>;
  /** Aborted when nothing is brought back or made anew any more. */
  readonly over: AbortSignal;
  readonly #over = new AbortController();
  #resolveEnded!: () => void;
  #worker!: Worker;
  #state: SessionState = "ready";
  #isOpen = false;
  /** Why the worker is being killed. */
  #killing: Error | undefined;
  #lost: Error | undefined;
  #recovering: Promise<void> | undefined;
  /** The time for finishing is over, or there was none. */
  #cutShort = false;
  #leaving = false;
  /** Whether `setup`, which made the state anew, has asked for a checkpoint. */
  #wantsCheckpoint = false;
  #closed: Promise<void> | undefined;
  #closedBecause = "it was closed";

  constructor(parts: LifecycleParts) {
    this.id = parts.id;
    this.conduct = parts.conduct;
    this.events = parts.events;
    this.open = parts.open;
    this.setup = parts.setup;
    this.processes = parts.processes;
    this.#onEnd = parts.onEnd;
    this.line = new Line(this.id);
    this.lane = new Lane(this, new RefTable(this.id, this), parts.conduct.busy);
    this.keeper = new CheckpointKeeper({
      session: this.id,
      events: parts.events,
      processes: parts.processes,
      automatic: parts.conduct.checkpoint === "auto",
      noForks: parts.noForks,
      queueTimeoutMs: parts.conduct.queueTimeout,
      pid: () => this.pid,
      make: async (keeping) => {
        await keepSession(this, keeping);
        this.#recycler.check();
      },
    });
    this.over = this.#over.signal;
    this.#recycler = new Recycler(this);
    this.#comeback = new Comeback(this, () => this.#isRecoverable);
    const { idle } = parts.conduct.limits;
    this.#usage = new Usage(idle, () => {
      // It has something to do that was not sent to the worker: a copy, or what waits until the session is back.
      if (this.#state !== "ready" || !this.lane.queue.idle) return;
      this.#closedBecause = `it was closed after ${idle} ms without use (limits.idle)`;
      void this.close(1);
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  get worker(): Worker {
    return this.#worker;
  }

  get graceMs(): number {
    return this.conduct.limits.cancelGrace;
  }

  get sharedMemory(): SharedMemory {
    return this.conduct.sharedMemory;
  }

  get views(): ViewDesk {
    return this.conduct.views;
  }

  /** What a new worker of this session is opened with; its objects are those of `refs`. */
  openRequest(refs: RefTable = this.lane.refs, pid: () => number | undefined = () => this.pid): OpenRequest {
    return {
      session: this.id,
      onLog: (stream, line) =>
        this.events.emit("session-log", { session: this.id, pid: pid(), stream, line }),
      resolveHandle: (ref) => refs.resolve(ref),
      memoryBytes: this.conduct.limits.memory,
    };
  }

  /** From now on this is the session's worker. */
  attach(worker: Worker): void {
    this.#worker = worker;
    this.#comeback.attached();
    this.#recycler.attached(worker);
    void worker.ended.then((death) => this.#workerEnded(worker, death));
  }

  /** The session is complete, and is brought back from here on. */
  opened(): void {
    this.#isOpen = true;
    if (this.setup !== undefined) void this.keeper.ensure();
    this.idle();
  }

  notRestored(error: Error): void {
    this.#comeback.notRestored(error);
  }

  /** Another worker takes the place of the one that there is, which ends. Only in a turn. */
  replace(worker: Worker): void {
    const old = this.#worker;
    this.attach(worker);
    void old.close(LEAVE_GRACE_MS);
    this.#keepAgain();
  }

  /** `setup`, which makes the state anew, asks for a checkpoint: there is one as soon as it is the session's state. */
  checkpointWhenSetUp(): void {
    this.#wantsCheckpoint = true;
  }

  async close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs);
    await this.#closed;
  }

  /** A run uses the session from now on; gives back what ends that. */
  use(run: Use): () => void {
    const end = this.#usage.begin(run);
    return () => {
      end();
      if (this.lane.queue.idle) this.idle();
    };
  }

  /** Takes no more calls, lets runs take no more records; resolves when what was accepted is finished. */
  async drain(): Promise<void> {
    await this.#usage.drain();
    await this.lane.settled();
  }

  // What the lane asks.

  send(request: EncodedRequest): Sent {
    this.keeper.busy();
    this.#usage.busy();
    this.#comeback.asked();
    return this.#worker.send(request);
  }

  release(refs: readonly number[]): void {
    this.#worker.release(refs);
  }

  kill(reason: Error): void {
    this.#killing ??= reason;
    // At once: a call that is made before the process is gone must not be sent to it.
    if (this.#isRecoverable) this.#holdUntilBack();
    else if (this.#state === "ready") this.#lose(this.#killing);
    this.#worker.kill();
  }

  comesBackWhole(): boolean {
    return this.#isRecoverable && this.keeper.isCurrent;
  }

  closed(ofRun = false): Error | undefined {
    if (this.#state === "lost") return new SessionLostError(this.id, this.#lost);
    if (this.#state === "closing" || this.#state === "closed")
      return new SessionClosedError(this.id, `${this.#closedBecause}, so it takes no more calls`);
    if (this.#usage.draining && !ofRun)
      return new SessionClosedError(this.id, "it is draining, so it takes no more calls");
    return undefined;
  }

  unusable(): Error | undefined {
    if (this.#lost !== undefined) return new SessionLostError(this.id, this.#lost);
    if (this.#cutShort || this.#leaving)
      return new SessionClosedError(this.id, "it was closed before this call had its turn");
    return undefined;
  }

  refusal(): Error | undefined {
    return this.unusable() ?? this.#comeback.takeRolledBack();
  }

  answered(execution: Execution): void {
    if (execution.options.changesState) this.keeper.changed(execution.request.site.target);
    // What `setup` does is done again by a fresh process.
    if (this.#isOpen) this.#recycler.answered();
  }

  idle(): void {
    if (!this.#isOpen || this.#state !== "ready") return;
    this.keeper.idle();
    this.#usage.idle();
  }

  get #isRecoverable(): boolean {
    const hasOrigin = this.keeper.current !== undefined || this.setup !== undefined;
    return this.#isOpen && !this.#cutShort && !this.#leaving && hasOrigin && !this.#comeback.isHopeless;
  }

  #workerEnded(worker: Worker, death: Error): void {
    // One that was replaced.
    if (worker !== this.#worker) return;
    const reason = this.#killing ?? death;
    this.#killing = undefined;
    if (this.#recovering !== undefined) {
      this.#comeback.diedAgain(reason);
      return;
    }
    if (this.#isRecoverable) {
      this.#holdUntilBack();
      this.lane.queue.workerGone(reason, true);
      this.#recovering = this.#recover(reason);
    } else {
      if (!this.#leaving && !this.#cutShort) this.#lose(reason);
      this.#end();
      this.lane.queue.workerGone(reason, false);
      this.lane.queue.resume();
    }
  }

  #holdUntilBack(): void {
    if (this.#state === "ready") this.#state = "recovering";
    this.lane.queue.hold();
  }

  async #recover(reason: Error): Promise<void> {
    try {
      const back = await this.#comeback.bringBack(reason);
      if (this.#state === "recovering") this.#state = "ready";
      this.#comeback.tell(back);
      if (back.from === "setup") this.#keepAgain();
    } catch (error) {
      // Who closes a session does not lose it, also where that ends its return.
      if (!this.#leaving && !this.#cutShort) this.#lose(error as Error);
      this.#end();
    } finally {
      this.#recovering = undefined;
      this.lane.queue.resume();
    }
  }

  /** The state is that of `setup`, and is kept as it was the first time. */
  #keepAgain(): void {
    if (this.keeper.current !== undefined) return;
    void this.keeper.ensure(this.#wantsCheckpoint || this.conduct.checkpoint === "auto");
    this.#wantsCheckpoint = false;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#state === "ready" || this.#state === "recovering") {
      this.#state = "closing";
      const timer = setTimeout(() => this.#cut(), Math.min(timeoutMs, LONGEST_TIMER_MS));
      await this.lane.settled();
      clearTimeout(timer);
      this.#leaving = true;
      this.#over.abort();
      await this.#recovering;
      if (this.#lost === undefined) await this.#worker.close(LEAVE_GRACE_MS);
    }
    await this.ended;
  }

  /** The time to finish is over. */
  #cut(): void {
    this.#cutShort = true;
    this.#over.abort();
    this.lane.stop((fate) => {
      const call = fate === "never ran" ? "before this call had its turn" : "while this call was running";
      return new SessionClosedError(this.id, `it was closed ${call}`);
    });
  }

  #lose(reason: Error): void {
    this.#lost ??= reason;
    this.#state = "lost";
  }

  #end(): void {
    if (this.#state === "closing") this.#state = "closed";
    this.#usage.busy();
    this.#over.abort();
    this.#onEnd(this.#lost);
    void Promise.all([this.keeper.close(), this.#recycler.quiet()]).then(this.#resolveEnded);
  }
}
