import { ForkRefusedError } from "../errors/session.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import { CallLog } from "./call-log.js";
import type { Checkpoint } from "./checkpoint.js";
import type { Keeping } from "./copier.js";
import type { Slots } from "./slots.js";

/** How long a session must have been idle before its changed state is kept: a burst of calls is kept once. */
const IDLE_MS = 100;

/** The longest pause between two tries of an idle session that cannot be copied, for example while a thread of its code runs. */
const LONGEST_PAUSE_MS = 60_000;

/** How often a checkpoint that died is replaced without anything having happened in between. */
const MOST_REPLACEMENTS = 3;

/** Why an automatic checkpoint is skipped that has no room. */
const FULL = "maxProcesses is reached";

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
  /** Makes a checkpoint in the session's turn. One that is `asked` for fails when its session has lost something that nobody was told yet. */
  make(keeping: Keeping): Promise<void>;
}

/** Keeps the state that a session goes back to after a crash, and knows what would be lost by that. */
export class CheckpointKeeper {
  readonly #parts: KeeperParts;
  #current: Checkpoint | undefined;
  /** What changed the state between `setup` and the last checkpoint, and since then. */
  #saved = new CallLog();
  #unsaved = new CallLog();
  #replacements = 0;
  /** How many were skipped one after the other, while the session had nothing to do. */
  #skips = 0;
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
    return from === "checkpoint" ? this.#unsaved.copy() : this.#saved.followedBy(this.#unsaved);
  }

  /** The state changed. */
  changed(target: string): void {
    this.#unsaved.add(target);
  }

  /** The session went back to this. */
  wentBack(from: "checkpoint" | "setup"): void {
    this.#unsaved.clear();
    if (from === "setup") this.#saved.clear();
  }

  /** Where a fork of the session starts from: it can go back to the same, and would lose the same. */
  copyFrom(original: CheckpointKeeper): void {
    if (original.#current !== undefined) this.hold(original.#current.retain());
    this.#unsaved = original.#unsaved.copy();
    this.#saved = original.#saved.copy();
  }

  /** Goes by this checkpoint, which its caller has retained. */
  hold(checkpoint: Checkpoint): void {
    this.#current = checkpoint;
    void checkpoint.ended.then(() => {
      if (this.#current === checkpoint) this.#died(checkpoint);
    });
  }

  /** This checkpoint is gone, or no good. */
  drop(checkpoint: Checkpoint): void {
    if (this.#current !== checkpoint) return;
    this.#current = undefined;
    void checkpoint.letGo();
  }

  /** The session has nothing to do. */
  idle(): void {
    clearTimeout(this.#timer);
    if (!this.#parts.automatic || !this.#isWanted || this.#closed) return;
    const pauseMs = Math.min(IDLE_MS * 2 ** this.#skips, LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => void this.ensure(), pauseMs).unref();
  }

  busy(): void {
    clearTimeout(this.#timer);
    this.#replacements = 0;
    this.#skips = 0;
  }

  /**
   * Makes an automatic checkpoint where one is wanted and possible. Never rejects: that there is none is told by an event.
   *
   * @param wanted whether one is.
   */
  async ensure(wanted = this.#parts.automatic): Promise<void> {
    if (!wanted || this.isCurrent || this.#closed) return;
    this.#making ??= this.#makeAutomatic().finally(() => {
      this.#making = undefined;
    });
    await this.#making;
  }

  /** @throws ForkRefusedError, EngineFullError, and what ends the session meanwhile. */
  async make(): Promise<void> {
    const { session, noForks, processes, queueTimeoutMs } = this.#parts;
    // Room, which it would wait for, is no help.
    if (noForks !== undefined) throw new ForkRefusedError(session, noForks);
    const wait = { timeoutMs: queueTimeoutMs };
    const needsRoom = !this.#freesSlot;
    // Where there is room, it takes its place in line at once.
    if (needsRoom && !processes.tryTake(1)) await processes.take(1, wait);
    if (await this.#make({ automatic: false, hasRoom: needsRoom })) return;
    // A fork that was ahead in line holds on to the old one.
    await processes.take(1, wait);
    await this.#make({ automatic: false, hasRoom: true });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#making;
    await this.#current?.letGo();
  }

  /** `setup` has made the state that there is: nothing is lost by having it run again. */
  begin(): void {
    this.#saved.clear();
    // What it did after a checkpoint of its own would be lost by going back to that.
    if (this.#current === undefined) this.#unsaved.clear();
  }

  get #isWanted(): boolean {
    return this.#unsaved.count > 0 || (this.#current === undefined && this.#saved.count > 0);
  }

  /** Whether a new checkpoint takes the process slot of the one that there is. */
  get #freesSlot(): boolean {
    return this.#current !== undefined && !this.#current.shared;
  }

  #died(checkpoint: Checkpoint): void {
    this.drop(checkpoint);
    this.#replacements += 1;
    if (this.#replacements <= MOST_REPLACEMENTS) void this.ensure();
  }

  async #makeAutomatic(): Promise<void> {
    const { processes, noForks } = this.#parts;
    if (noForks !== undefined) {
      if (!this.#toldNoForks) this.#skipped(noForks);
      this.#toldNoForks = true;
      return;
    }
    const needsRoom = !this.#freesSlot;
    // Not left to its turn, after which the session is idle once more, and would ask again.
    if (needsRoom && !processes.tryTake(1)) {
      this.#skipped(FULL);
      return;
    }
    try {
      if (!(await this.#make({ automatic: true, hasRoom: needsRoom }))) this.#skipped(FULL);
    } catch (error) {
      if (!this.#closed) this.#skipped(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Puts a new checkpoint in the place of the old; false where there is no room for it.
   *
   * @param options.hasRoom whether the caller has taken a process slot for it.
   */
  async #make({ automatic, hasRoom }: { automatic: boolean; hasRoom: boolean }): Promise<boolean> {
    const { session, events, processes } = this.#parts;
    const began = performance.now();
    let taken = hasRoom;
    let made: Checkpoint | undefined;
    const keeping: Keeping = {
      asked: !automatic,
      hasRoom: () => {
        taken ||= this.#takesRoom();
        return taken;
      },
      made: (checkpoint) => {
        made = checkpoint;
        void checkpoint.ended.then(() => processes.give(1));
        if (!this.#closed) this.#replace(checkpoint);
      },
    };
    try {
      await this.#parts.make(keeping);
    } catch (error) {
      if (taken) processes.give(1);
      throw error;
    }
    if (made === undefined) return false;
    if (this.#current !== made) {
      await made.letGo();
      return true;
    }
    const durationMs = performance.now() - began;
    events.emit("session-checkpoint", { session, pid: made.pid, durationMs, automatic });
    return true;
  }

  /** In the session's turn, and not before: what is ahead in line may come to hold on to the old one. */
  #takesRoom(): boolean {
    const { processes } = this.#parts;
    if (!this.#freesSlot) return processes.tryTake(1);
    processes.exceed(1);
    return true;
  }

  /** Within the session's turn: nothing that happens to it can come between what is kept and what is known to be. */
  #replace(checkpoint: Checkpoint): void {
    const old = this.#current;
    this.hold(checkpoint);
    void old?.letGo();
    this.#saved = this.#saved.followedBy(this.#unsaved);
    this.#unsaved.clear();
  }

  #skipped(reason: string): void {
    const { session, events, pid } = this.#parts;
    this.#skips += 1;
    events.emit("session-checkpoint-skip", { session, pid: pid(), reason });
  }
}
