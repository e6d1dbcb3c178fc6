import {
  MemoryLimitError,
  type WorkerDeath,
  type WorkerDeathError,
  WorkerDiedError,
} from "../errors/session.js";
import { residentBytes, sharedArrayBytes } from "./proc.js";
import { STOPPED_MS, type Watched } from "./watch.js";

/** Above this share of the limit a process is killed; from the limit on, its code gets a MemoryError. */
const KILL_SHARE = 1.25;

/** What a guard may do to its process. */
interface Powers {
  /**
   * Has the code that runs raise a MemoryError, because the memory is above the limit for the `time`th time. Repeated for as long as it is: code may not
   * be interruptible at a moment.
   */
  tell(time: number): void;
  kill(): void;
  /** Whether the process has mapped arrays that belong to the engine. */
  holdsArrays(): boolean;
}

/** What a worker is killed for on its own account: use of memory, standing still. Knows afterwards what it was. */
export class Guard implements Watched {
  readonly pid: number;
  readonly checkMemory: (() => void) | undefined;
  /** The memory that the process had when it was new: for the most part what it shares with all others. */
  readonly base: number | undefined;
  readonly #limitBytes: number | undefined;
  readonly #powers: Powers;
  /** How often the memory came above the limit. */
  #times = 0;
  #above = false;
  #reason: string | undefined;
  /** What the process used when it was killed for it. */
  #overuse: number | undefined;

  /** @param base that of the original, for a copy. */
  constructor(pid: number, limitBytes: number | undefined, powers: Powers, base = residentBytes(pid)) {
    this.pid = pid;
    this.base = base;
    this.#limitBytes = limitBytes;
    this.#powers = powers;
    this.checkMemory = limitBytes === undefined ? undefined : () => this.#check(limitBytes);
  }

  /** The memory that the process has on top of what a new one has, without arrays that belong to the engine; undefined where that cannot be told. */
  usedBytes(): number | undefined {
    const resident = residentBytes(this.pid);
    // It may give back some of what it had when it was new.
    if (resident === undefined || this.base === undefined) return undefined;
    const shared = this.#powers.holdsArrays() ? sharedArrayBytes(this.pid) : 0;
    return Math.max(0, resident - this.base - shared);
  }

  onStopped(): void {
    this.kill(`it had been stopped for ${STOPPED_MS / 1000} s`);
  }

  /** @param reason goes on "it was killed, because …". */
  kill(reason: string): void {
    this.#reason ??= reason;
    this.#powers.kill();
  }

  /** The error that says how the process died. */
  explain(death: WorkerDeath): WorkerDeathError {
    const [usedBytes, limitBytes] = [this.#overuse, this.#limitBytes];
    if (usedBytes !== undefined && limitBytes !== undefined)
      return new MemoryLimitError(death, { usedBytes, limitBytes });
    return new WorkerDiedError({ ...death, reason: this.#reason });
  }

  #check(limitBytes: number): void {
    // A cheap look first: shared arrays only make it less.
    if ((residentBytes(this.pid) ?? 0) - (this.base ?? 0) < limitBytes) {
      this.#above = false;
      return;
    }
    const used = this.usedBytes();
    if (used === undefined) return;
    if (used >= limitBytes * KILL_SHARE) {
      this.#overuse ??= used;
      this.#powers.kill();
      return;
    }
    const above = used >= limitBytes;
    if (above && !this.#above) this.#times += 1;
    this.#above = above;
    if (above) this.#powers.tell(this.#times);
  }
}
