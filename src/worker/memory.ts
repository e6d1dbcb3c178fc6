import { residentBytes } from "./proc.js";

/** Above this share of the limit a process is killed; from the limit on, its code gets a MemoryError. */
const KILL_SHARE = 1.25;

/** The memory that a process has on top of what a new one has. */
export class Memory {
  readonly #pid: number;
  readonly #limitBytes: number | undefined;
  /** What a new process has, which is for the most part what it shares with all the others. */
  readonly base: number | undefined;
  #told = false;

  /** @param base that of the original, for a copy. */
  constructor(pid: number, limitBytes: number | undefined, base = residentBytes(pid)) {
    this.#pid = pid;
    this.#limitBytes = limitBytes;
    this.base = base;
  }

  usedBytes(): number | undefined {
    const resident = this.base === undefined ? undefined : residentBytes(this.#pid);
    // It may give back what it had when it was new.
    return resident === undefined ? undefined : Math.max(0, resident - (this.base as number));
  }

  /** Calls `tell` each time that the limit is reached, `kill` when it is passed by far. */
  check(tell: () => void, kill: (usedBytes: number) => void): void {
    const [used, limit] = [this.usedBytes(), this.#limitBytes];
    if (used === undefined || limit === undefined) return;
    if (used >= limit * KILL_SHARE) kill(used);
    else if (used < limit) this.#told = false;
    else if (!this.#told) {
      this.#told = true;
      tell();
    }
  }
}
