import { setMaxListeners } from "node:events";
import { EngineFullError } from "../errors/session.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";

/** How long somebody waits. */
export interface Wait {
  readonly timeoutMs: number;
  /** When it began, if not now: who needs slots of two kinds waits once. */
  readonly since?: number;
}

interface Waiting {
  readonly count: number;
  take(): void;
}

/**
 * A limited number of something. Who asks for several gets all of them or none. First come, first served: a small request does not pass a large one
 * that waits, which could else wait for ever.
 */
export class Slots {
  readonly #option: "maxSessions" | "maxProcesses";
  readonly #limit: number;
  readonly #waiting: Waiting[] = [];
  #used = 0;

  /** @param limit Infinity for none. */
  constructor(option: "maxSessions" | "maxProcesses", limit: number) {
    this.#option = option;
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes slots at once, or says false. */
  tryTake(count: number): boolean {
    if (this.#waiting.length > 0 || this.#used + count > this.#limit) return false;
    this.#used += count;
    return true;
  }

  /** Takes slots although there may be none: for what replaces something that will give its own back at once. */
  exceed(count: number): void {
    this.#used += count;
  }

  /**
   * Waits for slots.
   *
   * @throws EngineFullError when there are none in time; what `signal` was aborted with.
   */
  async take(count: number, wait: Wait, signal?: AbortSignal): Promise<void> {
    if (count > this.#limit) throw this.#full(count, 0);
    if (this.tryTake(count)) return;
    signal?.throwIfAborted();
    // One signal for many that wait is no leak, which Node would warn of.
    if (signal) setMaxListeners(0, signal);
    const { timeoutMs, since = performance.now() } = wait;
    const leftMs = Math.max(0, since + timeoutMs - performance.now());
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const entry: Waiting = {
        count,
        take: () => {
          settle();
          resolve();
        },
      };
      const giveUp = (error: unknown): void => {
        settle();
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(error);
        this.#advance();
      };
      const onAbort = (): void => giveUp(signal?.reason);
      const timer = setTimeout(
        () => giveUp(this.#full(count, timeoutMs)),
        Math.min(leftMs, LONGEST_TIMER_MS),
      );
      signal?.addEventListener("abort", onAbort);
      this.#waiting.push(entry);
    });
  }

  give(count: number): void {
    this.#used -= count;
    this.#advance();
  }

  #advance(): void {
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0] as Waiting;
      if (this.#used + next.count > this.#limit) break;
      this.#waiting.shift();
      this.#used += next.count;
      next.take();
    }
  }

  #full(wanted: number, waitedMs: number): EngineFullError {
    return new EngineFullError({ option: this.#option, limit: this.#limit, wanted, waitedMs });
  }
}
