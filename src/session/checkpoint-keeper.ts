import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import { CallLog } from "./call-log.js";
import type { Checkpoint } from "./checkpoint.js";
import type { Slots } from "./slots.js";

/** How long a session must have been idle before its changed state is kept: a burst of calls is kept once. */
const IDLE_MS = 100;

/** What a keeper needs of its session. */
export interface KeeperParts {
  readonly session: string;
  readonly events: Emitter<EngineEvents>;
  readonly processes: Slots;
  readonly automatic: boolean;
  /** Why there can be none; undefined where there can. */
  readonly noForks: string | undefined;
  readonly queueTimeoutMs: number;
  pid(): number | undefined;
  /** Makes a checkpoint in the session's turn; `kept` is called within that turn. */
  make(kept: (checkpoint: Checkpoint) => void): Promise<Checkpoint>;
}

/** Keeps the state that a session goes back to after a crash, and knows what would be lost by that. */
export class CheckpointKeeper {
  readonly #parts: KeeperParts;
  #current: Checkpoint | undefined;
  /** What changed the state since the checkpoint, and since `setup`. */
  #unsaved = new CallLog();
  #sinceSetup = new CallLog();
  #making: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #toldNoForks = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  get current(): Checkpoint | undefined {
    return this.#current;
  }

  /** Whether the checkpoint, when there is one, is the state of the session. */
  get isCurrent(): boolean {
    return this.#current !== undefined && this.#unsaved.count === 0;
  }

  /** What going back to `from` loses. */
  lostBy(from: "checkpoint" | "setup"): CallLog {
    return from === "checkpoint" ? this.#unsaved : this.#sinceSetup;
  }

  /** The state changed. */
  changed(target: string): void {
    this.#unsaved.add(target);
    this.#sinceSetup.add(target);
  }

  /** The session went back to this. */
  wentBack(from: "checkpoint" | "setup"): void {
    this.lostBy(from).clear();
    // What the checkpoint had saved is gone, too, when it could not be gone back to.
    if (from === "setup") this.#unsaved.clear();
  }

  /** Where a fork of the session starts from: it can go back to the same, and would lose the same. */
  copyFrom(original: CheckpointKeeper): void {
    if (original.#current !== undefined) this.hold(original.#current.retain());
    this.#unsaved = original.#unsaved.copy();
    this.#sinceSetup = original.#sinceSetup.copy();
  }

  /** Goes by this checkpoint, which its caller has retained. */
  hold(checkpoint: Checkpoint): void {
    this.#current = checkpoint;
    void checkpoint.ended.then(() => this.drop(checkpoint));
  }

  /** This checkpoint is gone, or no good. */
  drop(checkpoint: Checkpoint): void {
    if (this.#current === checkpoint) this.#current = undefined;
  }

  /** The session has nothing to do. */
  idle(): void {
    clearTimeout(this.#timer);
    if (!this.#parts.automatic || !this.#isWanted || this.#closed) return;
    this.#timer = setTimeout(() => void this.ensure(), IDLE_MS).unref();
  }

  busy(): void {
    clearTimeout(this.#timer);
  }

  /** Makes an automatic checkpoint where one is wanted and possible. Never rejects: that there is none is told by an event. */
  async ensure(): Promise<void> {
    if (!this.#parts.automatic || this.isCurrent || this.#closed) return;
    this.#making ??= this.#makeAutomatic().finally(() => {
      this.#making = undefined;
    });
    await this.#making;
  }

  /** @throws ForkRefusedError, EngineFullError, and what ends the session meanwhile. */
  async make(): Promise<void> {
    const { processes, queueTimeoutMs } = this.#parts;
    if (this.#current === undefined) await processes.take(1, queueTimeoutMs);
    else processes.exceed(1);
    await this.#make(false);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#making;
    await this.#current?.letGo();
  }

  /** `setup` has made the state that there is: nothing is lost by having it run again. */
  begin(): void {
    this.wentBack("setup");
  }

  get #isWanted(): boolean {
    return this.#current === undefined ? this.#sinceSetup.count > 0 : this.#unsaved.count > 0;
  }

  async #makeAutomatic(): Promise<void> {
    const { processes, noForks } = this.#parts;
    if (noForks !== undefined) {
      if (!this.#toldNoForks) this.#skipped(noForks);
      this.#toldNoForks = true;
      return;
    }
    if (this.#current !== undefined) processes.exceed(1);
    else if (!processes.tryTake(1)) {
      this.#skipped("maxProcesses is reached");
      return;
    }
    try {
      await this.#make(true);
    } catch (error) {
      if (!this.#closed) this.#skipped(error instanceof Error ? error.message : String(error));
    }
  }

  /** Puts a new checkpoint in the place of the old. Its process slot is taken by the caller. */
  async #make(automatic: boolean): Promise<void> {
    const { session, events, processes } = this.#parts;
    const began = performance.now();
    let checkpoint: Checkpoint;
    try {
      checkpoint = await this.#parts.make(() => this.#unsaved.clear());
    } catch (error) {
      processes.give(1);
      throw error;
    }
    void checkpoint.ended.then(() => processes.give(1));
    if (this.#closed) {
      await checkpoint.letGo();
      return;
    }
    const old = this.#current;
    this.hold(checkpoint);
    void old?.letGo();
    const durationMs = performance.now() - began;
    events.emit("session-checkpoint", { session, pid: checkpoint.pid, durationMs, automatic });
  }

  #skipped(reason: string): void {
    const { session, events, pid } = this.#parts;
    events.emit("session-checkpoint-skip", { session, pid: pid(), reason });
  }
}
